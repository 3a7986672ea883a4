import { setTimeout as wait } from "node:timers/promises";

/** The server was asked to stop while it started. */
export class StartAborted extends Error {
  override readonly name = "StartAborted";
  readonly code = "start_aborted";
}

/**
 * Returns the result of `work`, unless `signal` is aborted first.
 * @throws StartAborted, and the errors of `work`
 */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new StartAborted("The server was asked to stop while it started."));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves when `work` is done or when the time is over. */
export async function within(ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([work, wait(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
