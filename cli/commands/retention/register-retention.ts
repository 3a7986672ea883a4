import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  classifyCommand,
  lockRetentionCommand,
  previewRetentionCommand,
  saveRetentionCommand,
  showRetentionCommand,
  type RuleOptions,
} from "./retention.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const KEEP = [
  "--keep <rule>",
  "keep records for a time: 7y, 90d, or CLASS/TEAM/REGION=6y; repeat it",
] as const;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

const labelled = (command: Command): Command =>
  command
    .option("--data-class <name>", "records of this class only")
    .option("--team <name>", "records of this team only")
    .option("--region <name>", "records of this region only");

/** `sealdesk retention ...` */
export function registerRetention(program: Command, print: Print, settings: () => Settings): void {
  const retention = program
    .command("retention")
    .description("Say for how long records are kept, and preview what that ends");

  retention
    .command("show")
    .description("Print the schedule in force, its versions and the locks")
    .requiredOption(...TENANT)
    .option("--json", "print JSON")
    .action(async (options: Parameters<typeof showRetentionCommand>[1]) =>
      print(await showRetentionCommand(settings(), options)),
    );

  retention
    .command("preview")
    .description("Count what a schedule would end, now, in 30 days and in a year")
    .requiredOption(...TENANT)
    .option(...KEEP, collect)
    .action(async (options: RuleOptions) =>
      print(await previewRetentionCommand(settings(), options)),
    );

  retention
    .command("save")
    .description("Save a version of the schedule; one that ends records earlier needs an approval")
    .requiredOption(...TENANT)
    .option(...KEEP, collect)
    .option("--begins <moment>", "when it takes effect, at most 365 days from now")
    .action(async (options: Parameters<typeof saveRetentionCommand>[1]) =>
      print(await saveRetentionCommand(settings(), options)),
    );

  labelled(
    retention
      .command("lock")
      .description("Demand that records are kept for a time, which can be lengthened only"),
  )
    .requiredOption(...TENANT)
    .requiredOption("--days <time>", "how long: 90d or 6y")
    .requiredOption("--citation <text>", "the law that demands it")
    .action(async (options: Parameters<typeof lockRetentionCommand>[1]) =>
      print(await lockRetentionCommand(settings(), options)),
    );

  labelled(
    retention
      .command("classify")
      .description("Say what the records of a conversation are that are received from now on")
      .argument("<conversation>", "id of the conversation"),
  )
    .requiredOption(...TENANT)
    .action(async (id: string, options: Parameters<typeof classifyCommand>[2]) =>
      print(await classifyCommand(settings(), id, options)),
    );
}
