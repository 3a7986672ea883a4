import type { Command } from "commander";
import type { RunningCommand } from "./settings.ts";

/** Returns the command by the words that call it, and the tenant that its options name. */
export function commandOf(command: Command): RunningCommand {
  const { tenant, slug } = command.opts<{ readonly tenant?: string; readonly slug?: string }>();
  return { name: wordsOf(command).join(" "), tenant: tenant ?? slug };
}

const wordsOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
