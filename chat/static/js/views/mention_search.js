// Whom a text written in a room may mention.

import { locale } from "../i18n.js";
import { suggest } from "../mentions.js";
import { isManager } from "../rights.js";

const EVERYBODY = { zh: ["所有人", "all"], en: ["all", "所有人"] };
const WRITERS = 200; // messages back in which those who wrote last are looked for

/**
 * Make the search for a room; it returns what createSuggestions shows. Where the members are not
 * known yet they are loaded, and `found()` is called once they are.
 */
export function createMentionSearch({ roomId, app, found }) {
  const { store, actions } = app;
  let loading = false;

  async function load() {
    if (loading) return;
    loading = true;
    try {
      await actions.loadMembers(roomId);
      found();
    } catch {
      // the next letter tries again
    } finally {
      loading = false;
    }
  }

  const otherOf = ({ peer }) => (peer ? [{ user: store.users.get(peer.id) ?? peer }] : []);

  return (query) => {
    const room = store.rooms.get(roomId);
    if (room?.kind === "direct") return suggest(otherOf(room), query);
    if (!room) return [];
    const members = store.members.get(roomId);
    if (!members) {
      load();
      return [];
    }
    const writers = store.timeline(roomId).messages.slice(-WRITERS).map((message) => message.user_id);
    return suggest(members, query, {
      recent: [...new Set(writers.reverse())],
      me: store.me.id,
      all: isManager(store, room) ? EVERYBODY[locale()] : [],
    });
  };
}
