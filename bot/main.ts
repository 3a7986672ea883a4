#!/usr/bin/env node
import { Command } from "commander";
import { runCommand, type RunOptions } from "./commands.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

const program = new Command("sealdesk bot").description(
  "Greets customers, answers common questions, and hands over to people",
);

program
  .command("run")
  .description("Talk in all conversations of an account with the role bot, until you stop it")
  .requiredOption("--server <url>", "public URL of the server")
  .requiredOption("--tenant <slug>", "short name of the tenant")
  .requiredOption("--username <name>", "account of the bot")
  .requiredOption("--password-file <file>", "file whose first line is the account's password")
  .requiredOption("--config <file>", "what the bot says, as JSON: see docs/bot.md")
  .option("--home <folder>", "the bot's own folder", "./.sealdesk-bot")
  .option("--key-log <key>", "verifier key of the key log: `sealdesk audit vkey --keys`")
  .option("--authority <key>", "key of the tenant's authority: `sealdesk authority key`")
  .action(async (options: RunOptions) => {
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    await runCommand(options, print, stop.signal);
  });

program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : "The bot failed.";
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
