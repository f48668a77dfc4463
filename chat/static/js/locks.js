// Locks between the tabs of one browser.

/** `request(name, task)` runs one task of a name at a time; pages on plain http in a local network
 * have none: what they guard must then be harmless when done twice. */
export const locks = globalThis.navigator?.locks ?? { request: (name, task) => task() };
