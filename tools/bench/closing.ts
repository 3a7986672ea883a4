/** Resources that a benchmark started. They are closed in reverse order. */
export class Closing {
  readonly #all: (() => Promise<void>)[] = [];

  /** @returns `thing`; it will be closed */
  add<T extends { close(): Promise<void> }>(thing: T): T {
    this.#all.push(() => thing.close());
    return thing;
  }

  async close(): Promise<void> {
    for (const close of this.#all.splice(0).toReversed()) await close();
  }
}

/** Runs `work`, and then closes the resources that it opened, even if it failed. */
export async function closing<T>(work: (closing: Closing) => Promise<T>): Promise<T> {
  const started = new Closing();
  try {
    return await work(started);
  } finally {
    await started.close();
  }
}
