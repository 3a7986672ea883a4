import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal asked the command to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** The exit code that a shell reports for a program that a signal ended. */
  readonly exitCode: number;
  constructor(signal: (typeof signals)[number]) {
    super(`Interrupted by ${signal}.`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Returns the result of `work`, unless a signal to end comes first. Then it does not wait for
 * `work`, so that the caller can close what it opened.
 * @throws Interrupted, and whatever `work` throws
 */
export async function unlessInterrupted<T>(work: Promise<T>): Promise<T> {
  const listeners: (() => void)[] = [];
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of signals) {
      const listener = () => reject(new Interrupted(signal));
      process.on(signal, listener);
      listeners.push(() => process.off(signal, listener));
    }
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    for (const remove of listeners) remove();
  }
}
