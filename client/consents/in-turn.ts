/** Does one piece of work at a time, in the order of the calls. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Returns a function that begins a piece of work when the one before it has ended, whether or not that failed. */
export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const run = last.then(work, work);
    last = run.catch(() => undefined);
    return run;
  };
}
