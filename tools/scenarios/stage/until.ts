import { setTimeout as wait } from "node:timers/promises";

const limitMs = 120_000;

/**
 * Waits until `look` returns something.
 * @param what is waited for, for the error
 * @throws Error if it takes over two minutes
 */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const endMs = Date.now() + limitMs; Date.now() < endMs; await wait(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not happen in ${limitMs / 1_000} seconds.`);
}

/** Waits for `work` for a limited time. @throws Error that says what took too long */
export async function within<T>(what: string, work: Promise<T>, mostMs = limitMs): Promise<T> {
  const ending = new AbortController();
  const late = wait(mostMs, undefined, { signal: ending.signal }).then(() => {
    throw new Error(`${what} took over ${mostMs / 1_000} seconds.`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    ending.abort();
  }
}
