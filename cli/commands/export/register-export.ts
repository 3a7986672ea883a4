import type { Command } from "commander";
import type { Print } from "../../output.ts";
import { openExport, verifyExport, type VerifyExportOptions } from "./archives.ts";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

const KEY =
  "verifier key of the organisation's audit log, as `sealdesk audit vkey` prints it; may be repeated";

/** `sealdesk export ...` */
export function registerExport(program: Command, print: Print): void {
  const copy = program
    .command("export")
    .description("Open and verify the copy of a person's data (docs/export.md); needs no database");

  copy
    .command("open")
    .description("Decrypt a copy, check all of it, and write it as files that people can read")
    .argument("<folder>", "the sealed copy, as the person's device wrote it")
    .requiredOption("--identity <file>", "the age identity to which it is encrypted")
    .requiredOption("--key <vkey>", KEY, collect)
    .requiredOption("--into <folder>", "where to write it; must not be there yet")
    .action(
      async (
        folder: string,
        { into, ...options }: Required<VerifyExportOptions> & { readonly into: string },
      ) => print(await openExport(folder, into, options)),
    );

  copy
    .command("verify")
    .description("Verify a copy, sealed or opened: its signature, its files and its messages")
    .argument("<folder>", "the copy")
    .requiredOption("--key <vkey>", KEY, collect)
    .option("--identity <file>", "the age identity to which a sealed copy is encrypted")
    .action(async (folder: string, options: VerifyExportOptions) =>
      print(await verifyExport(folder, options)),
    );
}
