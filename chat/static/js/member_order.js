// The order of a group's members: the owner, admins, members who are online, all others; each by name,
// numbers by their value.

const RANK = { owner: 0, admin: 1, member: 2 };

/**
 * Make `order(members, {nameOf, isOnline})`. Comparing names takes long for thousands, so their order
 * is kept until a name changes; people come and go online much more often.
 */
export function createMemberOrder(locale) {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
  let seen = [];
  let byName = [];

  function sortByName(members, nameOf) {
    const names = members.map(({ user }) => `${user.id} ${nameOf(user)}`);
    const same = names.length === seen.length && names.every((name, at) => name === seen[at]);
    if (!same) {
      seen = names;
      byName = members
        .map(({ user }) => ({ id: user.id, name: nameOf(user) }))
        .sort((a, b) => collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
    }
    const memberOf = new Map(members.map((member) => [member.user.id, member]));
    return byName.map((id) => memberOf.get(id));
  }

  return (members, { nameOf, isOnline }) => {
    const groups = [[], [], [], []]; // owner, admins, those online, the others
    for (const member of sortByName(members, nameOf)) {
      const rank = RANK[member.role];
      groups[rank < 2 || isOnline(member.user) ? rank : 3].push(member);
    }
    return groups.flat();
  };
}

/** `after` in the order of `before`, what is new at the end: nothing moves under a finger. */
export function keepOrder(before, after, keyOf) {
  const found = new Map(after.map((item) => [keyOf(item), item]));
  const kept = before.map(keyOf).filter((key) => found.has(key));
  const known = new Set(kept);
  return [...kept.map((key) => found.get(key)), ...after.filter((item) => !known.has(keyOf(item)))];
}
