import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { CommandError } from "../../settings.ts";

/**
 * `sealdesk archiver`, which is a program of its own: it is a member's device and loads libsignal, which the server and
 * this command line do not contain (docs/licensing.md).
 */
export function registerArchiver(program: Command): void {
  program
    .command("archiver")
    .description("Keep sealed records of conversations: run, prove, export")
    .argument("[arguments...]", "see `sealdesk archiver help`")
    .helpOption(false)
    .allowUnknownOption()
    .action(async (args: readonly string[]) => {
      process.exitCode = await runProgram(args);
    });
}

/** @returns its exit code @throws CommandError if the program is not installed */
function runProgram(args: readonly string[]): Promise<number> {
  const main = fileURLToPath(new URL("../../../archiver/main.js", import.meta.url));
  if (!existsSync(main))
    throw new CommandError(
      "This installation has no archiver. Run it from a copy of the repository, as docs/archiver.md says.",
    );
  const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" });
  // A signal to the group reaches the archiver, too, which stops in order.
  const ignore = () => undefined;
  const pass = () => void child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", pass);
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  }).finally(() => process.off("SIGINT", ignore).off("SIGTERM", pass));
}
