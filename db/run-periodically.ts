/**
 * Runs a periodic task: now and every `everyMs` milliseconds, never twice at the same time. A failure is
 * passed to `onError`, and the next run tries again.
 * @returns a function that stops the task; it resolves when the current run has ended
 */
export function runPeriodically(
  work: (ending: AbortSignal) => Promise<unknown>,
  everyMs: number,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  const run = () => {
    running ??= work(ending.signal)
      .then(() => undefined, onError)
      .finally(() => {
        running = undefined;
      });
  };
  run();
  const timer = setInterval(run, everyMs);
  timer.unref();
  return async () => {
    ending.abort();
    clearInterval(timer);
    await running;
  };
}
