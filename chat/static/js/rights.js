// What the user may do in a room. The server decides; this is what the page offers.

/** The user's role in a room: "owner", "admin" or "member"; both of a direct room are members. */
export function roleIn(store, room) {
  if (room.kind === "direct") return "member";
  if (room.owner_id === store.me.id) return "owner";
  const mine = store.members.get(room.id)?.find(({ user }) => user.id === store.me.id);
  return mine?.role === "admin" ? "admin" : "member";
}

export function isManager(store, room) {
  return roleIn(store, room) !== "member";
}

/** Whether a member with one role may remove one with another. */
export function canRemove(mine, role) {
  return (mine === "owner" && role !== "owner") || (mine === "admin" && role === "member");
}

/** Why nothing can be written here, as the end of the key of a text; "" where one may. */
export function closedBy(store, room) {
  const shut = shutBy(room);
  if (shut || room.kind === "direct" || room.posting !== "admins") return shut;
  return isManager(store, room) ? "" : "admins";
}

function shutBy(room) {
  if (room.kind !== "direct") return "";
  if (room.peer === null) return "closed";
  return room.blocked ? "blocked" : "";
}

/** What the user may do to a message: `{reply, react, edit, pin, remove}`. */
export function rightsOver(store, room, message) {
  const own = message.user_id === store.me.id;
  const writes = !closedBy(store, room);
  return {
    reply: writes,
    react: !shutBy(room),
    edit: own && writes,
    pin: room.kind === "direct" ? !shutBy(room) : isManager(store, room),
    remove: own || isManager(store, room),
  };
}
