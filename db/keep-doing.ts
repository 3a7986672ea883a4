/**
 * Does something now and every `everyMs` milliseconds, never twice at a time; a failure is told and
 * tried again at the next turn.
 * @returns what ends it, once the run under way has ended
 */
export function keepDoing(
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
