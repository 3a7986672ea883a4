import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  closeBreachCommand,
  listBreachesCommand,
  openBreachCommand,
  showBreachCommand,
  stepCommand,
  type OpenOptions,
  type StepOptions,
} from "./breaches.ts";
import { evidenceCommand } from "./evidence.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;
const ID = ["<id>", "id of the breach"] as const;
const TAKEN = [
  "--taken <what>",
  "what was taken, and as of when: database=MOMENT, device:ID=MOMENT; repeat it",
] as const;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk breach ...` */
export function registerBreaches(program: Command, print: Print, settings: () => Settings): void {
  const breach = program
    .command("breach")
    .description("Find out what a breach exposes, contain it, and notify in time");

  breach
    .command("open")
    .description("Open the case of a breach; the server assesses at once what it exposes")
    .requiredOption(...TENANT)
    .requiredOption("--description <text>", "what happened, without names of people: one line")
    .option(...TAKEN, collect)
    .option(
      "--regime <law>",
      "a law that applies: gdpr, hipaa, glba, nis2, dora; repeat it",
      collect,
    )
    .requiredOption("--discovered <moment>", "when somebody first knew of it, or could have")
    .option("--aware <moment>", "when you became reasonably certain; as --discovered by default")
    .option("--classified <moment>", "when it was classified as a major incident")
    .action(async (options: OpenOptions) => print(await openBreachCommand(settings(), options)));

  breach
    .command("list")
    .description("List the breaches, the newest first")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listBreachesCommand>[1]) =>
      print(await listBreachesCommand(settings(), options)),
    );

  breach
    .command("show")
    .description("Print what a breach exposes, the clocks, and what is left to do")
    .argument(...ID)
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (id: string, options: Parameters<typeof showBreachCommand>[2]) =>
      print(await showBreachCommand(settings(), id, options)),
    );

  breach
    .command("step")
    .description(
      "Have the server contain a breach, or record what is known and which notices were sent",
    )
    .argument(...ID)
    .argument(
      "<step>",
      "revoke_sessions, rotate_keys, record_taken, record_classification, record_notice or waive_notice",
    )
    .requiredOption(...TENANT)
    .option(...TAKEN, collect)
    .option("--duty <duty>", "the notice, as show prints it")
    .option("--at <moment>", "when it was sent or classified")
    .option("--ground <text>", "why the notice is not due: one line")
    .action(async (id: string, step: string, options: StepOptions) =>
      print(await stepCommand(settings(), id, step, options)),
    );

  breach
    .command("close")
    .description("Close a breach, after everything was done, sent or found not to be due")
    .argument(...ID)
    .requiredOption(...TENANT)
    .requiredOption("--reason <text>", "the conclusion: one line")
    .action(async (id: string, options: Parameters<typeof closeBreachCommand>[2]) =>
      print(await closeBreachCommand(settings(), id, options)),
    );

  breach
    .command("evidence")
    .description("Write the evidence to a folder: the case, drafts, accounts and the audit log")
    .argument(...ID)
    .requiredOption(...TENANT)
    .requiredOption("--out <folder>", "an empty folder, which is created if needed")
    .action(async (id: string, options: Parameters<typeof evidenceCommand>[2]) =>
      print(await evidenceCommand(settings(), id, options)),
    );
}
