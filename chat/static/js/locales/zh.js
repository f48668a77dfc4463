// Chinese texts, a file for each part of the page. Keys are those of en; `{name}` is filled in, objects are plural forms.

import account from "./zh/account.js";
import acting from "./zh/acting.js";
import auth from "./zh/auth.js";
import common from "./zh/common.js";
import files from "./zh/files.js";
import groups from "./zh/groups.js";
import messages from "./zh/messages.js";
import people from "./zh/people.js";
import rooms from "./zh/rooms.js";
import search from "./zh/search.js";

export default {
  ...account,
  ...acting,
  ...auth,
  ...common,
  ...files,
  ...groups,
  ...messages,
  ...people,
  ...rooms,
  ...search,
};
