// Locks between the tabs of one browser.

/**
 * Make `request(name, task)`, which runs one task of a name at a time over all tabs. Pages on plain
 * http in a local network have no locks, and where storage is blocked browsers refuse them: tasks
 * then run at once, so what they guard must be harmless when done twice.
 */
export function createLocks(native) {
  return {
    async request(name, task) {
      let begun = false;
      const run = () => {
        begun = true;
        return task();
      };
      if (!native) return run();
      try {
        return await native.request(name, run);
      } catch (error) {
        if (begun) throw error; // the task's own
        return run();
      }
    },
  };
}

export const locks = createLocks(globalThis.navigator?.locks);
