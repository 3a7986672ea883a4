#!/usr/bin/env node
import { Command } from "commander";
import {
  exportCommand,
  proveCommand,
  runCommand,
  type ProveOptions,
  type RunOptions,
} from "./commands.ts";
import { formats } from "./export/export-archive.ts";
import { withPlace } from "./options.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

const program = new Command("sealdesk archiver").description(
  "Keeps sealed records of conversations, proves that they are complete, and exports them",
);

withPlace(program.command("run"))
  .description("Archive all conversations of an account with the role archiver, until you stop it")
  .requiredOption("--server <url>", "public URL of the server")
  .requiredOption("--tenant <slug>", "short name of the tenant")
  .requiredOption("--username <name>", "account of the archiver")
  .requiredOption("--password-file <file>", "file whose first line is the account's password")
  .option("--ground <text>", "the law that obliges you to keep records without a consent")
  .option("--key-log <key>", "verifier key of the key log: `sealdesk audit vkey --keys`")
  .option("--authority <key>", "key of the tenant's authority: `sealdesk authority key`")
  .action(async (options: RunOptions) => {
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    await runCommand(options, print, stop.signal);
  });

withPlace(program.command("prove"))
  .description("Compare the archive with exports of the audit log and the key log")
  .requiredOption("--log <folder>", "what `sealdesk audit export` wrote")
  .requiredOption("--vkey <key>", "verifier key of the audit log: `sealdesk audit vkey`")
  .requiredOption("--key-log <folder>", "what `sealdesk audit export --keys` wrote")
  .requiredOption("--key-log-vkey <key>", "its verifier key: `sealdesk audit vkey --keys`")
  .option("--json", "print the result as JSON")
  .action(async (options: ProveOptions) => {
    if (!(await proveCommand(options, print))) process.exitCode = 1;
  });

withPlace(program.command("export"))
  .description("Write the records in the clear, for another archive")
  .requiredOption("--format <name>", `one of ${formats.join(", ")}`)
  .requiredOption("--out <place>", "a folder for eml, else a file; it must not exist")
  .action((options: Parameters<typeof exportCommand>[0]) => exportCommand(options, print));

program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : "The archiver failed.";
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
