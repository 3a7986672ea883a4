import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Secret } from "../keys/secret.ts";
import { CommandError } from "./settings.ts";

/**
 * A password, typed without an echo, twice where a new one is set; or the first line of standard input when that is not a
 * terminal. Never an argument: those are seen by every user of the machine.
 */
export async function readPassword(use: "new" | "known" = "new"): Promise<Secret<string>> {
  if (!process.stdin.isTTY) return new Secret(await firstLine());
  return new Secret(await (use === "new" ? typedTwice() : typed("Password: ")));
}

async function typedTwice(): Promise<string> {
  const first = await typed("Password: ");
  if ((await typed("The same again: ")) !== first)
    throw new CommandError("The two passwords are not the same.");
  return first;
}

async function typed(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  throw new CommandError("A password is needed on standard input.");
}
