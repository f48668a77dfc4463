// How long to wait before trying again.

const LONGEST_MS = 30_000;

/** Delay in ms before try number `attempt` (0, 1, 2 …): 1, 2, 4 … 30 s, ± 20 %. */
export function backoff(attempt, random = Math.random) {
  const base = Math.min(LONGEST_MS, 1000 * 2 ** attempt);
  return Math.round(base * (0.8 + 0.4 * random()));
}
