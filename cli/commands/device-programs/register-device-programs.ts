import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { CommandError } from "../../settings.ts";

/** Programs that are members' devices, with the page that says how to install them. */
const programs = [
  {
    name: "archiver",
    page: "docs/archiver.md",
    description: "Keep sealed records of conversations: run, prove, export",
  },
  {
    name: "bot",
    page: "docs/bot.md",
    description: "Answer customers' common questions, and hand over to people: run",
  },
] as const;

/**
 * `sealdesk archiver` and `sealdesk bot`. Each is a program of its own: it is a member's device and loads libsignal,
 * which the server and this command line do not contain (docs/licensing.md).
 */
export function registerDevicePrograms(program: Command): void {
  for (const each of programs)
    program
      .command(each.name)
      .description(each.description)
      .argument("[arguments...]", `see \`sealdesk ${each.name} help\``)
      .helpOption(false)
      .allowUnknownOption()
      .action(async (args: readonly string[]) => {
        process.exitCode = await runProgram(each, args);
      });
}

/** @returns its exit code @throws CommandError if the program is not installed */
function runProgram(
  { name, page }: (typeof programs)[number],
  args: readonly string[],
): Promise<number> {
  const main = fileURLToPath(new URL(`../../../${name}/main.js`, import.meta.url));
  if (!existsSync(main))
    throw new CommandError(
      `This installation has no ${name}. Run it from a copy of the repository, as ${page} says.`,
    );
  const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" });
  // A signal to the group reaches the program, too, which stops in order.
  const ignore = () => undefined;
  const pass = () => void child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", pass);
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  }).finally(() => process.off("SIGINT", ignore).off("SIGTERM", pass));
}
