// What one may do with a member of a group, as a menu.

import { attempt } from "../errors.js";
import { BLOCK, KEY, LEAVE, MESSAGE, PEOPLE } from "../icons.js";
import { t } from "../i18n.js";
import { canRemove } from "../rights.js";
import { changeBlock } from "./block.js";
import { confirm } from "./dialog.js";

/** The items of the menu of a member, called `name`, for one whose role is `mine`. */
export function memberItems(app, roomId, { user, role, name, mine }) {
  const { store, actions, toast } = app;
  const trying = (task) => () => attempt(toast, task);

  /** Ask before something that only others can undo. */
  const asking = (key, task) =>
    trying(async () => {
      const sure = await confirm({
        title: t(`members.${key}_title`, { name }),
        text: t(`members.${key}_text`, { name }),
        action: t(`members.${key}`),
      });
      if (sure) await task();
    });

  const blocked = store.blocks.has(user.id);
  const leads = mine === "owner";
  const next = role === "admin" ? "member" : "admin";
  return [
    { text: t("card.message"), icon: MESSAGE, action: trying(() => actions.openDirect(user)) },
    leads && {
      text: t(role === "admin" ? "members.demote" : "members.promote"),
      icon: PEOPLE,
      action: trying(() => actions.setRole(roomId, user.id, next)),
    },
    leads && {
      text: t("members.hand_over"),
      icon: KEY,
      action: asking("hand_over", () => actions.setRole(roomId, user.id, "owner")),
    },
    {
      text: t(blocked ? "block.undo" : "block.do"),
      icon: BLOCK,
      action: () => changeBlock(app, { id: user.id, name, blocked }),
    },
    canRemove(mine, role) && {
      text: t("members.remove"),
      icon: LEAVE,
      danger: true,
      action: asking("remove", () => actions.removeMember(roomId, user.id)),
    },
  ];
}
