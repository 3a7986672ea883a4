import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { explainCommand, whoCanCommand } from "./explain.ts";
import { tableCommand } from "./table.ts";
import {
  approveCommand,
  draftCommand,
  listCommand,
  previewCommand,
  showCommand,
  withdrawCommand,
} from "./versions.ts";

type Options = { readonly tenant: string };
const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;

/** Registers `policy` and its subcommands. */
export function registerPolicy(program: Command, print: Print, settings: () => Settings): void {
  const policy = program
    .command("policy")
    .description("Show who may do what, and change it with a second person's approval");

  policy
    .command("table")
    .description("Print each action, the roles that may do it, and when")
    .option("--tenant <slug>", "the policy of this tenant; the default rules otherwise")
    .option("--of-version <number>", "this version of it; the one in force otherwise")
    .option("--json", "print one JSON object a row, with the conditions that the server evaluates")
    .action(async (options: Parameters<typeof tableCommand>[1]) =>
      print(await tableCommand(settings, options)),
    );

  policy
    .command("explain")
    .description("Say whether an account may do something, by which rule, or what keeps it")
    .argument("<user>", "id of the account")
    .argument("<action>", "such as close")
    .argument("<resource>", "such as audit_log, conversation:<id> or directory:<id of an account>")
    .requiredOption(...TENANT)
    .option("--subject <user>", "the account to add or remove")
    .option("--at <time>", "by the version in force at this time, such as 2026-11-30T12:00:00Z")
    .option(...JSON_OPTION)
    .action(
      async (
        user: string,
        action: string,
        resource: string,
        options: Parameters<typeof explainCommand>[2],
      ) => print(await explainCommand(settings(), { user, action, resource }, options)),
    );

  policy
    .command("who-can")
    .description("List the accounts that may do something now")
    .argument("<action>", "such as close")
    .argument("<resource>", "such as audit_log, conversation:<id> or directory:<id of an account>")
    .requiredOption(...TENANT)
    .option("--subject <user>", "the account to add or remove")
    .option("--names", "print the names of the accounts too; the audit log records it")
    .option(...JSON_OPTION)
    .action(
      async (action: string, resource: string, options: Parameters<typeof whoCanCommand>[2]) =>
        print(await whoCanCommand(settings(), { action, resource }, options)),
    );

  registerVersions(policy, print, settings);
}

function registerVersions(policy: Command, print: Print, settings: () => Settings): void {
  policy
    .command("draft")
    .description("Propose a version; --because says why. Another person must approve it in 7 days")
    .argument("[file]", "what it changes in the default rules, as JSON; see docs/access.md")
    .requiredOption(...TENANT)
    .option("--restore <number>", "instead of a file: the changes of this version; 0 for none")
    .option("--from <time>", "when it takes effect; at the moment of the approval otherwise")
    .action(async (file: string | undefined, options: Parameters<typeof draftCommand>[2]) =>
      print(await draftCommand(settings(), file, options)),
    );

  policy
    .command("preview")
    .description("Say who gains and who loses what by a version")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .option("--names", "print the names of the accounts too; the audit log records it")
    .option(...JSON_OPTION)
    .action(async (version: string, options: Parameters<typeof previewCommand>[2]) =>
      print(await previewCommand(settings(), version, options)),
    );

  policy
    .command("approve")
    .description("Approve a version that another person proposed")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .requiredOption("--hash <hash>", "its hash, as preview and show print it")
    .action(async (version: string, options: Parameters<typeof approveCommand>[2]) =>
      print(await approveCommand(settings(), version, options)),
    );

  policy
    .command("withdraw")
    .description("Take a draft back, or an approved version before it takes effect")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .action(async (version: string, options: Options) =>
      print(await withdrawCommand(settings(), version, options)),
    );

  policy
    .command("list")
    .description("List the versions, the newest first")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listCommand>[1]) =>
      print(await listCommand(settings(), options)),
    );

  policy
    .command("show")
    .description("Print a version with what it changes, as JSON")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .action(async (version: string, options: Options) =>
      print(await showCommand(settings(), version, options)),
    );
}
