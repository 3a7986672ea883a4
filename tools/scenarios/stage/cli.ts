import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a command of the operator printed, and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs the built `sealdesk` command on a server's home, as its operator does, with these variables only and this input. */
export function runCommand(
  home: string,
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  input = "",
): Promise<CommandResult> {
  const main = fileURLToPath(new URL("../../../cli/main.js", import.meta.url));
  const { PATH, HOME, TMPDIR } = process.env;
  const env = { PATH, HOME, TMPDIR, NODE_ENV: "development", SEALDESK_HOME: home, ...variables };
  const options = { env, cwd: home, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], options, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output, errors });
    });
    // A command that reads nothing may end before.
    child.stdin?.on("error", () => undefined).end(input);
  });
}
