import type { Command } from "commander";
import type { Print } from "../../../output.ts";
import type { Settings } from "../../../settings.ts";
import { applyCommand } from "./apply.ts";
import { declareCommand, type DeclareOptions } from "./declare.ts";
import { createKeyCommand } from "./key.ts";
import { signCommand, type SignOptions } from "./sign.ts";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk audit restore ...` */
export function registerRestore(audit: Command, print: Print, settings: () => Settings): void {
  const restore = audit
    .command("restore")
    .description("Declare that the database was restored from a backup (docs/restore.md)");

  restore
    .command("key")
    .description("Make the key with which one person approves restores, and print its verifier key")
    .requiredOption("--name <name>", "name of the key, which everyone who verifies the log reads")
    .requiredOption("--out <file>", "private file for the key; its owner keeps it")
    .action(async (options: Parameters<typeof createKeyCommand>[0]) =>
      print(await createKeyCommand(options)),
    );

  restore
    .command("declare")
    .description("Write what the database lost, for two approvers to sign; changes no log")
    .requiredOption("--backup-of <time>", "time of the backup, such as 2026-01-31T02:00:00Z")
    .requiredOption("--reason <text>", "one line, which everyone who verifies the log reads")
    .requiredOption("--out <file>", "file for the declaration; it must not exist")
    .option("--head <file>", "a checkpoint that is known from elsewhere; may be repeated", collect)
    .action(async (options: DeclareOptions) => print(await declareCommand(settings(), options)));

  restore
    .command("sign")
    .description("Show a declaration and add your signature; needs no database")
    .argument("<file>", "the declaration")
    .requiredOption("--key <file>", "your private key")
    .option("--tiles <folder>", "an export or archive that you kept; may be repeated", collect)
    .action(async (file: string, options: SignOptions) => signCommand(file, options, print));

  restore
    .command("apply")
    .description("Let the logs continue, as two approvers signed")
    .argument("<file>", "the declaration")
    .action(async (file: string) => print(await applyCommand(settings(), file)));
}
