import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { consentReceiptCommand, listConsentsCommand } from "./consents.ts";
import {
  draftNoticeCommand,
  listNoticesCommand,
  listViewsCommand,
  showNoticeCommand,
} from "./notices.ts";

type Options = { readonly tenant: string };
const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;

/** Registers `notice`, `consent` and their subcommands. */
export function registerConsents(program: Command, print: Print, settings: () => Settings): void {
  registerNotices(program, print, settings);
  const consent = program.command("consent").description("Show what customers consented to");

  consent
    .command("list")
    .description("Print the consent records of an account, the earliest first, as JSON lines")
    .argument("<user>", "id of the account")
    .requiredOption(...TENANT)
    .action(async (user: string, options: Options) =>
      print(await listConsentsCommand(settings(), user, options)),
    );

  consent
    .command("receipt")
    .description("Write the receipt of a consent record to a file, which anybody can verify")
    .argument("<id>", "id of the record")
    .requiredOption(...TENANT)
    .requiredOption("--out <file>", "where to write it")
    .action(async (id: string, options: Parameters<typeof consentReceiptCommand>[2]) =>
      print(await consentReceiptCommand(settings(), id, options)),
    );
}

function registerNotices(program: Command, print: Print, settings: () => Settings): void {
  const notice = program
    .command("notice")
    .description("Publish privacy notices, and show who saw them");

  notice
    .command("draft")
    .description("Propose a version; --because says why. Another person must approve it in 7 days")
    .argument("<files...>", "a Markdown file for each language, named like it, such as de.md")
    .requiredOption(...TENANT)
    .requiredOption("--controller <line>", "who decides about the data: name and contact")
    .option("--from <time>", "when it takes effect; at the moment of the approval otherwise")
    .action(async (files: string[], options: Parameters<typeof draftNoticeCommand>[2]) =>
      print(await draftNoticeCommand(settings(), files, options)),
    );

  notice
    .command("list")
    .description("List the versions with drafts, the newest first")
    .requiredOption(...TENANT)
    .option("--json", "print JSON")
    .action(async (options: Parameters<typeof listNoticesCommand>[1]) =>
      print(await listNoticesCommand(settings(), options)),
    );

  notice
    .command("show")
    .description("Print the texts of a version, also of a draft: read it before you approve it")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .action(async (version: string, options: Options) =>
      print(await showNoticeCommand(settings(), version, options)),
    );

  notice
    .command("views")
    .description("Print who was shown a version, when, as JSON lines with what devices signed")
    .argument("<version>", "number of the version")
    .requiredOption(...TENANT)
    .action(async (version: string, options: Options) =>
      print(await listViewsCommand(settings(), version, options)),
    );
}
