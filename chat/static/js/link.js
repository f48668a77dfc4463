// The link that somebody was handed: to register, or to set a new password.

const LINK = /^#(register|reset)=([A-Za-z0-9_-]{1,64})$/;

/** Whether an address leads here by such a link. */
export function isLink(hash) {
  return LINK.test(hash);
}

/**
 * The link by which the page was opened, `{purpose, token}`, or null. The token leaves the address at
 * once, so that no bookmark and no look at the screen has it; the entry of the history keeps it, so
 * that the page can be loaded again.
 */
export function takeLink({ location, history }) {
  const match = LINK.exec(location.hash);
  if (match) {
    const link = { purpose: match[1], token: match[2] };
    history.replaceState({ ...history.state, link }, "", location.pathname + location.search);
  }
  return history.state?.link ?? null;
}

/** Forget the link: it was used. */
export function forgetLink({ history }) {
  if (!history.state?.link) return;
  const { link: _, ...state } = history.state;
  history.replaceState(state, "");
}
