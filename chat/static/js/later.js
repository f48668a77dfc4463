// What opens when somebody asks for it: the list is there without it. It is one part and not many,
// because the bundler puts whatever two parts share into files of their own.

import "./app.js"; // tells the bundler that all of it is here already

export { openCard } from "./views/card.js";
export { openEmojiPicker } from "./views/emoji_picker.js";
export { openInvitation } from "./views/invitation.js";
export { groupSheet } from "./views/members.js";
export { openNewChat } from "./views/new_chat.js";
export { personSheet } from "./views/person.js";
export { createProfile } from "./views/profile.js";
export { openReacted } from "./views/reacted.js";
export { createSearch } from "./views/search.js";
export { openViewer } from "./views/viewer.js";
