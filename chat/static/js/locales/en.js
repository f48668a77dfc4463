// English texts, a file for each part of the page. Keys are those of zh; `{name}` is filled in, objects are plural forms.

import account from "./en/account.js";
import acting from "./en/acting.js";
import auth from "./en/auth.js";
import common from "./en/common.js";
import files from "./en/files.js";
import groups from "./en/groups.js";
import messages from "./en/messages.js";
import people from "./en/people.js";
import rooms from "./en/rooms.js";
import search from "./en/search.js";

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
