/** Things that a benchmark started and that end with it, the last one first. */
export class Closing {
  readonly #all: (() => Promise<void>)[] = [];

  /** @returns `thing`, which will be closed */
  add<T extends { close(): Promise<void> }>(thing: T): T {
    this.#all.push(() => thing.close());
    return thing;
  }

  async close(): Promise<void> {
    for (const close of this.#all.splice(0).toReversed()) await close();
  }
}

/** Runs `work`, and ends what it started, however it ends. */
export async function closing<T>(work: (closing: Closing) => Promise<T>): Promise<T> {
  const started = new Closing();
  try {
    return await work(started);
  } finally {
    await started.close();
  }
}
