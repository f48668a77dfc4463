// The user's verbs: what the views call. A file for each kind of thing that they act on.

import { createFileActions } from "./files.js";
import { createMessageActions } from "./messages.js";
import { createPeopleActions } from "./people.js";
import { createRoomActions } from "./rooms.js";
import { createSearchActions } from "./search.js";

export function createActions({ store, api, outbox, history, router, emit, departures }) {
  return {
    ...history,
    ...createFileActions({ store, api }),
    ...createMessageActions({ store, api, outbox, emit }),
    ...createPeopleActions({ store, api }),
    ...createRoomActions({ store, api, router, departures }),
    ...createSearchActions({ store, api }),
  };
}
