import { type Command, Option } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { registerAdopt } from "./adopt/register-adopt.ts";
import { accountsCommand, type AccountsOptions } from "./accounts.ts";
import { archiveCommand, type ArchiveOptions } from "./archive.ts";
import { disclosuresCommand, type DisclosuresOptions } from "./disclosures.ts";
import { exportFormats, exportLog, type ExportOptions } from "./export.ts";
import { registerKey } from "./key/register-key.ts";
import { registerMonitor } from "./monitor.ts";
import { proveEntry, type ProveOptions } from "./prove.ts";
import { pruneCommand } from "./prune.ts";
import { reconcileCommand, type ReconcileOptions } from "./reconcile.ts";
import { registerRestore } from "./restore/register-restore.ts";
import { retentionCommand } from "./retention.ts";
import { tailLog, type TailOptions } from "./tail.ts";
import { vkeyCommand, type VkeyOptions } from "./vkey.ts";
import { whoCommand } from "./who.ts";
import { verifyFiles, type VerifyOptions } from "./verify.ts";
import { registerWatch } from "./watch/register-watch.ts";
import { runWitness, type WitnessCommandOptions } from "./witness.ts";

/** The exit status if entries of `--old` are lost by a restore that the log declares. */
const HOLDS_SINCE_RESTORE = 3;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk audit ...` and `sealdesk witness`. */
export function registerAudit(program: Command, print: Print, settings: () => Settings): void {
  const audit = program.command("audit").description("Export, verify and maintain the audit log");
  registerExport(audit, print, settings);
  registerVerify(audit, print);
  registerWatch(audit, print);
  registerReading(audit, print, settings);
  registerArchive(audit, print, settings);
  registerRetention(audit, print, settings);
  registerReconcile(audit, print, settings);
  registerRestore(audit, print, settings);
  registerAdopt(audit, print, settings);
  registerMonitor(audit, print, settings);
  registerKey(audit, print, settings);
  registerWitness(program, print);
}

const ofLog = (command: Command): Command =>
  command
    .option("--tenant <slug>", "use the audit log of this tenant")
    .option("--keys", "with --tenant: use the log of its accounts' keys and devices")
    .option("--operator", "use the operator's log, which holds all tenants' checkpoints");

function registerReading(audit: Command, print: Print, settings: () => Settings): void {
  ofLog(audit.command("prove").description("Write one entry and the proof that it is in the log"))
    .option("--index <number>", "index of the entry")
    .option("--event <id>", "eventId of the entry")
    .option(
      "--cosigned <number>",
      "prove it under the latest head that this many witnesses cosigned",
    )
    .option("--size <number>", "prove it under the head with this many entries")
    .requiredOption("--out <prefix>", "writes <prefix>.tlog-proof and <prefix>.entry")
    .action(async (options: ProveOptions) => print(await proveEntry(settings(), options)));

  audit
    .command("who")
    .description("Print the names of accounts that the log shows as ids")
    .argument("<id...>", "ids of accounts")
    .requiredOption("--tenant <slug>", "the tenant of the accounts")
    .action(async (ids: readonly string[], options: { readonly tenant: string }) =>
      print(await whoCommand(settings(), ids, options)),
    );

  audit
    .command("accounts")
    .description("List the accounts of staff as they were at a time, from the audit log")
    .requiredOption("--tenant <slug>", "use the audit log of this tenant")
    .option("--at <time>", "the time, such as 2026-01-31; now by default")
    .option("--names", "also print the names of the accounts, as they are now")
    .action(async (options: AccountsOptions) => print(await accountsCommand(settings(), options)));

  audit
    .command("disclosures")
    .description("Account for the disclosures about a person, from the audit log (45 CFR 164.528)")
    .argument("<account>", "the id of the person's account")
    .requiredOption("--tenant <slug>", "the tenant of the account")
    .option("--from <time>", "since this time, such as 2026-01-31; six years before by default")
    .option("--until <time>", "before this time; now by default")
    .option("--names", "also print the names of the recipients, as they are now")
    .option("--json", "print one JSON object")
    .action(async (account: string, options: DisclosuresOptions) =>
      print(await disclosuresCommand(settings(), account, options)),
    );

  ofLog(audit.command("tail").description("Print the last entries, one per line"))
    .option("--lines <number>", "number of entries", "10")
    .option("--follow", "also print new entries, until you stop the command")
    .action(async (options: TailOptions) => tailLog(settings(), options, print));
}

function registerExport(audit: Command, print: Print, settings: () => Settings): void {
  ofLog(audit.command("vkey").description("Print the key that others verify the log with"))
    .option("--next", "print the key that will replace it")
    .action(async (options: VkeyOptions) => print(await vkeyCommand(settings(), options)));

  ofLog(
    audit.command("export").description("Write the log, or a part of it, with a signed manifest"),
  )
    .addOption(
      new Option("--format <format>", "tiles is the whole log, the others can be filtered")
        .choices(exportFormats)
        .default("tiles"),
    )
    .requiredOption("--out <folder>", "folder to write to; it must not hold an export yet")
    .option("--from <time>", "only entries since this time, such as 2026-01-31")
    .option("--until <time>", "only entries before this time")
    .option("--actor <id>", "only entries of this actor")
    .option("--subject <id>", "only entries about this subject")
    .option(
      "--names",
      "also write names.csv: who the accounts in the entries are, as far as not erased",
    )
    .option("--cosigned <number>", "export up to the latest head that this many witnesses cosigned")
    .option(
      "--size <number>",
      "export up to the head with this many entries, as an earlier export did",
    )
    .option(
      "--action <name>",
      'only entries of this action, such as session.create, or "session." for all that begin so',
    )
    .action(async (options: ExportOptions) => print(await exportLog(settings(), options)));
}

function registerVerify(audit: Command, print: Print): void {
  audit
    .command("verify")
    .description("Verify an exported or served log from its entries; needs no database")
    .argument(
      "<place>",
      "folder or URL of a log, folder of an export, or a .tlog-proof file with --entry",
    )
    .requiredOption(
      "--vkey <key>",
      "output of `sealdesk audit vkey`, received by a way that you trust",
    )
    .option(
      "--old <file>",
      "an earlier checkpoint, which the log must extend; exits with 3 if a declared restore lost some of it",
    )
    .option(
      "--old-vkey <key>",
      "verifier key that signed the earlier checkpoint, if the audit key was replaced since",
    )
    .option(
      "--approver <vkey>",
      "verifier key of a person who may approve a restore from a backup; repeat it for each. Without any, a restore that lost entries of --old is refused",
      collect,
    )
    .option("--policy <file>", "file that says which witnesses must have cosigned")
    .option("--pruned-below <index>", "entries below this index may be missing")
    .option("--tenant <slug>", "with --username: sign in to the server that serves the log")
    .option(
      "--username <name>",
      "account of an auditor or compliance officer; asks for the password",
    )
    .option("--entry <file>", "file with the entry that the proof is about")
    .action(async (place: string, _options: VerifyOptions, command: Command) =>
      print(
        await verifyFiles(
          place,
          command.optsWithGlobals<VerifyOptions>(),
          () => (process.exitCode = HOLDS_SINCE_RESTORE),
        ),
      ),
    );
}

function registerArchive(audit: Command, print: Print, settings: () => Settings): void {
  ofLog(audit.command("archive").description("Add what is new to an archive that only grows"))
    .option("--out <folder>", "folder to archive to, ideally on a write-once disk")
    .option(
      "--bucket <name>",
      "S3 bucket with Object Lock; credentials are found as by the AWS SDK",
    )
    .option("--region <name>", "region of the bucket", "us-east-1")
    .option("--endpoint <url>", "URL of an S3 service other than Amazon's")
    .option("--witness <vkey@url>", "ask this witness to cosign the head; may be repeated", collect)
    .option("--retain-days <days>", "how long each object is locked", "2192")
    .action(async (options: ArchiveOptions) => print(await archiveCommand(settings(), options)));
}

function registerRetention(audit: Command, print: Print, settings: () => Settings): void {
  audit
    .command("prune")
    .description("Remove old entries; their hashes stay, and the log still verifies")
    .requiredOption("--tenant <slug>", "use the audit log of this tenant")
    .requiredOption(
      "--before <time>",
      "remove entries from before this time, if the retention permits",
    )
    .option("--dry-run", "say what would be removed, and change nothing")
    .action(async (options: Parameters<typeof pruneCommand>[1]) =>
      print(await pruneCommand(settings(), options)),
    );

  audit
    .command("retention")
    .description("Record for how long a log keeps its entries; a shorter time counts in 30 days")
    .requiredOption("--tenant <slug>", "use the audit log of this tenant")
    .requiredOption("--days <number>", "how many days each entry is kept")
    .action(async (options: Parameters<typeof retentionCommand>[1]) =>
      print(await retentionCommand(settings(), options)),
    );
}

function registerReconcile(audit: Command, print: Print, settings: () => Settings): void {
  audit
    .command("reconcile")
    .description(
      "Compare accounts, roles and settings with what the log says; exits with 1 if they differ",
    )
    .option("--tenant <slug>", "compare this tenant only")
    .action(async (options: ReconcileOptions) =>
      print(await reconcileCommand(settings(), options, () => (process.exitCode = 1))),
    );
}

function registerWitness(program: Command, print: Print): void {
  program
    .command("witness")
    .description("Run a witness that cosigns the checkpoints of others' logs (C2SP tlog-witness)")
    .requiredOption("--name <name>", "URL of the witness without its scheme")
    .requiredOption(
      "--state <folder>",
      "folder for the witness's key and the checkpoints that it saw",
    )
    .requiredOption(
      "--log <vkey>",
      "verifier key of a log that it cosigns; may be repeated",
      collect,
    )
    .option(
      "--approver <vkey>",
      "verifier key of a person who may approve a restore of the logs; repeat it for each. Without any, no restore is accepted",
      collect,
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on", "8090")
    .action(async (options: WitnessCommandOptions) => runWitness(options, print));
}
