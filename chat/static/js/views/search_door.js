// The way to the search for messages, which is loaded when somebody asks for it.

/** Make it; `app.search` is this. It does what createSearch() says, once that is here. */
export function createSearchDoor(app) {
  let search = null;
  let isOver = false;
  const made = ({ createSearch }) => (search ??= createSearch(app));
  const open = (task) => app.parts.open((parts) => isOver || task(made(parts)));

  return {
    open: (options) => open((it) => it.open(options)),
    toggle: (room) => open((it) => it.toggle(room)),
    page: (parts) => made(parts).page(),

    get hasFocus() {
      return Boolean(search?.hasFocus);
    },

    /** Ctrl-F: search in the open room; false where that is for the browser. */
    find() {
      if (search) return search.find();
      const room = app.openRoom();
      if (!room || room.provisional) return false;
      document.activeElement.blur(); // what is typed before the field is there is no message
      open((it) => it.find());
      return true;
    },

    redraw: () => search?.redraw(),

    stop() {
      isOver = true;
      search?.stop();
    },
  };
}
