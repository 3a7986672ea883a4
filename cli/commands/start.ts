import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";

/** What runs beside the server. */
interface StartOptions {
  /** The port of an OpenID provider for development. */
  readonly withIdp?: string;
}

/** `sealdesk start`. */
export function registerStart(program: Command, print: Print, settings: () => Settings): void {
  program
    .command("start")
    .description("Run the server until you stop it")
    .addOption(
      new Option(
        "--with-idp [port]",
        "run an OpenID provider beside it, to try staff sign-in; for development",
      ).preset("8090"),
    )
    .action(async (options: StartOptions) => {
      process.exitCode = await start(settings, options, print);
    });
}

/**
 * Runs the server, and an identity provider beside it if one is asked for.
 * @returns the exit code of the server; 1 if a signal killed it
 */
async function start(
  settings: () => Settings,
  { withIdp: port }: StartOptions,
  print: Print,
): Promise<number> {
  if (port === undefined) return runServer();
  const { registerLocalIdp, startLocalIdp } = await import("./local-idp.ts");
  const idp = startLocalIdp(settings(), port);
  const ending = new AbortController();
  const registered = registerLocalIdp(settings(), port, ending.signal).then(print);
  registered.catch((error: unknown) => {
    if (!ending.signal.aborted) process.stderr.write(`${String(error)}\n`);
  });
  try {
    return await runServer();
  } finally {
    ending.abort();
    idp.kill();
  }
}

/** Runs the server as a separate process on this terminal and forwards signals to it. */
async function runServer(): Promise<number> {
  const program = fileURLToPath(new URL("../../server/main.js", import.meta.url));
  const server = spawn(process.execPath, [program], { stdio: "inherit" });
  // The server receives Ctrl-C's signal twice, from the terminal and from here. It ignores the
  // second. The server itself decides about SIGHUP.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void server.kill(signal));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => resolve(code ?? 1));
  });
}
