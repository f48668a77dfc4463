// The way to the search for messages, which is loaded when somebody asks for it.

/** Make it; `app.search` is this. It does what createSearch() says, once that is here. */
export function createSearchDoor(app) {
  let search = null;
  let isOver = false;
  let isComing = false; // because of Ctrl-F
  const made = ({ createSearch }) => (search ??= createSearch(app));
  const open = (task) => app.parts.open((parts) => isOver || task(made(parts)));

  return {
    open: (options) => open((it) => it.open(options)),
    toggle: (room) => open((it) => it.toggle(room)),
    page: (parts) => made(parts).page(),

    get hasFocus() {
      return Boolean(search?.hasFocus);
    },

    /** Ctrl-F: search in the open room; false where that is for the browser, as when pressed again. */
    find() {
      if (search) return search.find();
      const room = app.openRoom();
      if (isComing || !room || room.provisional) return false;
      isComing = true;
      const focused = document.activeElement;
      focused.blur(); // what is typed before the field is there is no message
      Promise.resolve(open((it) => it.find())).finally(() => {
        isComing = false;
        if (!search && document.activeElement === document.body) focused.focus({ preventScroll: true });
      });
      return true;
    },

    redraw: () => search?.redraw(),

    stop() {
      isOver = true;
      search?.stop();
    },
  };
}
