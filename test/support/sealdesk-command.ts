import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { TestServer } from "./server.ts";

// The built command, as it is installed: `npm run build` comes before these tests.
const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `sealdesk` as the operator of `server` would, with `input` on standard input. */
export function runSealdesk(
  server: TestServer,
  args: readonly string[],
  input = "",
): Promise<CommandResult> {
  const environment = {
    SEALDESK_HOME: server.home,
    DATABASE_OWNER_URL: server.database.ownerUrl,
    PUBLIC_URL: server.url,
  };
  return runSealdeskAlone(args, environment, input);
}

/** Runs `sealdesk` with nothing but these variables. */
export function runSealdeskAlone(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = "",
): Promise<CommandResult> {
  const child = spawn(process.execPath, [command, ...args], {
    // Away from the repository, where a .env might be.
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], ...environment },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}
