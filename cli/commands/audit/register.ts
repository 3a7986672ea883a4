import { type Command, Option } from "commander";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import type { Print } from "../../output.ts";
import { readSettings } from "../../settings.ts";
import { archiveCommand, type ArchiveOptions } from "./archive.ts";
import { exportFormats, exportLog, type ExportOptions } from "./export.ts";
import { withLog, type LogChoice } from "./open-log.ts";
import { proveEntry, type ProveOptions } from "./prove.ts";
import { pruneCommand } from "./prune.ts";
import { tailLog, type TailOptions } from "./tail.ts";
import { verifyFiles, type VerifyOptions } from "./verify.ts";
import { runWitness, type WitnessCommandOptions } from "./witness.ts";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk audit ...` and `sealdesk witness`. */
export function registerAudit(program: Command, print: Print): void {
  const audit = program.command("audit").description("the transparency log of what was done");
  const ofLog = (command: Command) =>
    command
      .option("--tenant <slug>", "the log of a tenant")
      .option("--keys", "of the tenant: the log of its accounts' keys and devices")
      .option("--operator", "the log of all tenants' checkpoints");

  ofLog(audit.command("vkey").description("the key that others verify the log with")).action(
    async (choice: LogChoice) =>
      withLog(readSettings(), choice, ({ key }) => print(formatVkey(nodeChecks.sha256, key))),
  );

  ofLog(
    audit.command("export").description("write the log, or a part of it, with a signed manifest"),
  )
    .addOption(new Option("--format <format>").choices(exportFormats).default("tiles"))
    .requiredOption("--out <folder>", "a folder that holds no export yet")
    .option("--from <time>", "entries since then")
    .option("--until <time>", "entries before then")
    .option("--actor <id>", "entries of who acted")
    .option("--subject <id>", "entries about whom")
    .option("--cosigned <number>", "up to the latest head that so many witnesses cosigned")
    .option("--action <name>", 'such as session.create, or "session." for all of them')
    .action(async (options: ExportOptions) => print(await exportLog(readSettings(), options)));

  audit
    .command("verify")
    .description("check an exported or served log by its entries; needs no database")
    .argument(
      "<place>",
      "a folder or URL of a log, a folder of any export, or with --entry a .tlog-proof file",
    )
    .requiredOption("--vkey <key>", "from `sealdesk audit vkey`, got by a way you trust")
    .option("--old <file>", "a checkpoint of before, which the log must extend")
    .option("--policy <file>", "which witnesses must have cosigned")
    .option("--pruned-below <index>", "entries below may be missing")
    .option("--tenant <slug>", "with --username: sign in to the server that serves the log")
    .option("--username <name>", "an auditor or compliance officer; the password is read")
    .option("--entry <file>", "the entry that the proof is about")
    .action(async (place: string, options: VerifyOptions) =>
      print(await verifyFiles(place, options)),
    );

  ofLog(audit.command("prove").description("write an entry and the proof that it is in the log"))
    .option("--index <number>", "the entry's index")
    .option("--event <id>", "the entry's eventId")
    .option("--cosigned <number>", "under the latest head that so many witnesses cosigned")
    .requiredOption("--out <prefix>", "writes <prefix>.tlog-proof and <prefix>.entry")
    .action(async (options: ProveOptions) => print(await proveEntry(readSettings(), options)));

  ofLog(audit.command("tail").description("print the last entries, one a line"))
    .option("--lines <number>", "how many", "10")
    .option("--follow", "and those that come, until stopped")
    .action(async (options: TailOptions) => tailLog(readSettings(), options, print));

  ofLog(audit.command("archive").description("add what is new to an archive that only grows"))
    .option("--out <folder>", "a folder, best on a disk where nothing can be changed")
    .option("--bucket <name>", "a bucket of S3 with Object Lock; credentials as the AWS SDK's")
    .option("--region <name>", "of the bucket", "us-east-1")
    .option("--endpoint <url>", "of a service that is not Amazon's")
    .option("--witness <vkey@url>", "asked to cosign the head; may be repeated", collect)
    .option("--retain-days <days>", "how long each object is locked", "2192")
    .action(async (options: ArchiveOptions) =>
      print(await archiveCommand(readSettings(), options)),
    );

  audit
    .command("prune")
    .description("remove old entries; their hashes stay, and the log still verifies")
    .requiredOption("--tenant <slug>", "the log of a tenant")
    .requiredOption("--before <time>", "entries before then, if AUDIT_RETAIN_DAYS lets them go")
    .action(async (options: Parameters<typeof pruneCommand>[1]) =>
      print(await pruneCommand(readSettings(), options)),
    );

  program
    .command("witness")
    .description("cosign the checkpoints of logs, for others (C2SP tlog-witness)")
    .requiredOption("--name <name>", "scheme-less URL of the witness")
    .requiredOption("--state <folder>", "its key, and what it saw")
    .requiredOption("--log <vkey>", "a log it knows; may be repeated", collect)
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on", "8090")
    .action(async (options: WitnessCommandOptions) => runWitness(options, print));
}
