import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Secret } from "../keys/secret.ts";
import { CommandError } from "./settings.ts";

/**
 * Reads a password from the terminal without echo, twice for a new one. If standard input is not a
 * terminal, reads its first line. A password is never an argument, because every user of the machine
 * can see those.
 */
export async function readPassword(use: "new" | "known" = "new"): Promise<Secret<string>> {
  if (!process.stdin.isTTY) return new Secret(await firstLine());
  return new Secret(await (use === "new" ? typedTwice() : typed("Password: ")));
}

async function typedTwice(): Promise<string> {
  const first = await typed("Password: ");
  if ((await typed("Repeat the password: ")) !== first)
    throw new CommandError("The two passwords differ. Run the command again.");
  return first;
}

async function typed(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk: unknown, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** Reads the first line of standard input. @param what stands there, for the error */
export async function firstLine(what = "password"): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  throw new CommandError(`Pass the ${what} as the first line of standard input.`);
}
