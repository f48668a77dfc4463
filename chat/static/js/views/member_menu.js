// What one may do with a member of a group, as a menu.

import { errorText } from "../errors.js";
import { BLOCK, KEY, LEAVE, MESSAGE, PEOPLE } from "../icons.js";
import { t } from "../i18n.js";
import { changeBlock } from "./block.js";
import { confirm } from "./dialog.js";

/** Whether a member with one role may remove one with another. */
export function outranks(mine, role) {
  return (mine === "owner" && role !== "owner") || (mine === "admin" && role === "member");
}

/** The items of the menu of a member, called `name`, for one whose role is `mine`. */
export function memberItems(app, roomId, { user, role, name, mine }) {
  const { store, actions, toast } = app;

  const attempt = (task) => async () => {
    try {
      await task();
    } catch (error) {
      toast(errorText(error));
    }
  };

  /** Ask before something that only others can undo. */
  const asking = (key, task) =>
    attempt(async () => {
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
    { text: t("card.message"), icon: MESSAGE, action: attempt(() => actions.openDirect(user)) },
    leads && {
      text: t(role === "admin" ? "members.demote" : "members.promote"),
      icon: PEOPLE,
      action: attempt(() => actions.setRole(roomId, user.id, next)),
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
    outranks(mine, role) && {
      text: t("members.remove"),
      icon: LEAVE,
      danger: true,
      action: asking("remove", () => actions.removeMember(roomId, user.id)),
    },
  ];
}
