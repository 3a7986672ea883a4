#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { registerCommands } from "./command-groups.ts";
import { Interrupted } from "./interruption.ts";
import { loginName, operatorOf } from "./operator.ts";
import { assertOutputWritten, OutputClosed, print, watchOutput } from "./output.ts";
import { readSettings, type RunningCommand } from "./settings.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

watchOutput();

const program = new Command("sealdesk")
  // Exit only after the output is written. Subcommands inherit this.
  .exitOverride()
  .description("Runs and manages a Sealdesk server")
  .version(version)
  .option("--as <name>", "who you are, for the audit log; your login name by default")
  .option("--ticket <id>", "the change or ticket that the command belongs to, for the audit log")
  .option("--because <text>", "why you do it, for the audit log: one line")
  .option("--purpose <code>", "what you read data for: a purpose of use, such as HOPERAT");

let running = program;
program.hook("preAction", (_program, command) => void (running = command));

const operator = () => operatorOf(program.opts(), loginName());
const settings = () => readSettings(undefined, operator(), commandOf(running));

/** Returns the command by the words that call it, and the tenant that its options name. */
function commandOf(command: Command): RunningCommand {
  const { tenant, slug } = command.opts<{ readonly tenant?: string; readonly slug?: string }>();
  return { name: wordsOf(command).join(" "), tenant: tenant ?? slug };
}

const wordsOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()];

await registerCommands(program, { print, settings, operator }, process.argv.slice(2));

/** The exit code that a shell reports for a program that SIGPIPE ended. */
const ENDED_BY_READER = 141;

program
  .parseAsync()
  .catch((error: unknown) => {
    // Commander has already printed its own errors. Requested help is not an error.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  })
  .then(assertOutputWritten)
  .catch((error: unknown) => {
    if (error instanceof OutputClosed) process.exit(ENDED_BY_READER);
    if (error instanceof Interrupted) process.exit(error.exitCode);
    const message = error instanceof Error ? error.message : "The command failed.";
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  });
