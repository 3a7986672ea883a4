import { CommandError } from "./settings.ts";

/**
 * Writes a line to standard output.
 * @throws OutputClosed; CommandError if it could not be written
 */
export type Print = (text: string) => Promise<void>;

/**
 * The reader of the output wants no more of it, as with `head`. This is not an error, so nothing is
 * printed.
 */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

let failure: Error | undefined;

/**
 * Reports a failing standard output to `print` and `assertOutputWritten`, instead of ending the process.
 */
export function watchOutput(): void {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    failure ??=
      cause.code === "EPIPE"
        ? new OutputClosed("The reader of standard output is gone.", { cause })
        : new CommandError(`Standard output could not be written (${cause.code}).`, { cause });
  });
  // Ignores failures of standard error, which is for people. If it is not read, its failure does
  // not matter.
  process.stderr.on("error", () => undefined);
}

export const print: Print = async (text) => {
  await new Promise<void>((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
  await assertOutputWritten();
};

/**
 * Checks that everything was written.
 * @throws OutputClosed; CommandError if something was not written
 */
export async function assertOutputWritten(): Promise<void> {
  // The event is emitted in a later turn than the write that fails.
  await new Promise((resolve) => setImmediate(resolve));
  if (failure !== undefined) throw failure;
}
