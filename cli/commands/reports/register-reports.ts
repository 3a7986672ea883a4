import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  countReportsCommand,
  decideAppealCommand,
  decideReportCommand,
  listReportsCommand,
  showReportCommand,
  type AppealOptions,
  type DecideOptions,
  type JsonOptions,
  type ListOptions,
} from "./reports.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;

/** `sealdesk report ...` */
export function registerReports(program: Command, print: Print, settings: () => Settings): void {
  const report = program.command("report").description("Judge what members report");

  report
    .command("list")
    .description("List the reports that wait for a decision, the oldest first")
    .requiredOption(...TENANT)
    .option("--all", "also those that are decided")
    .option(...JSON_OPTION)
    .action(async (options: ListOptions) => print(await listReportsCommand(settings(), options)));

  report
    .command("show")
    .description("Show a report with exactly what the reporter disclosed")
    .argument("<id>", "id of the report")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (id: string, options: JsonOptions) =>
      print(await showReportCommand(settings(), id, options)),
    );

  report
    .command("decide")
    .description("Decide about a report; another person approves a ban")
    .argument("<id>", "id of the report")
    .requiredOption(...TENANT)
    .requiredOption("--decision <word>", "dismiss, warn, mute or ban")
    .requiredOption("--reason <text>", "why: one line, without names")
    .option("--hours <number>", "when the mute or the ban ends; a ban without it does not end")
    .option("--device-only", "ban the device that sent the messages, not the account")
    .action(async (id: string, options: DecideOptions) =>
      print(await decideReportCommand(settings(), id, options)),
    );

  report
    .command("appeal")
    .description("Decide about an appeal, as another person than those who decided before")
    .argument("<id>", "id of the report")
    .requiredOption(...TENANT)
    .requiredOption("--outcome <word>", "upheld, or lifted, which ends a mute or a ban")
    .requiredOption("--reason <text>", "why: one line, without names")
    .action(async (id: string, options: AppealOptions) =>
      print(await decideAppealCommand(settings(), id, options)),
    );

  report
    .command("count")
    .description("Count the reports by what was decided")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: JsonOptions) => print(await countReportsCommand(settings(), options)));
}
