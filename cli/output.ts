import { CommandError } from "./settings.ts";

/** Writes a line to standard output. @throws OutputClosed, CommandError when it could not be written */
export type Print = (text: string) => Promise<void>;

/** Whoever read the output wants no more of it, as `head` does. Not a mistake, so nothing is said. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

let failure: Error | undefined;

/** Makes a failing standard output known to `print` and `checkOutput`, instead of ending the process. */
export function watchOutput(): void {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    failure ??=
      cause.code === "EPIPE"
        ? new OutputClosed("The reader of standard output is gone.", { cause })
        : new CommandError(`Standard output could not be written (${cause.code}).`, { cause });
  });
  // What stands there is for people, and nobody is left to read it.
  process.stderr.on("error", () => undefined);
}

export const print: Print = async (text) => {
  await new Promise<void>((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
  await checkOutput();
};

/** @throws OutputClosed, CommandError when something was not written */
export async function checkOutput(): Promise<void> {
  // The event comes in a later turn than the write that fails.
  await new Promise((resolve) => setImmediate(resolve));
  if (failure !== undefined) throw failure;
}
