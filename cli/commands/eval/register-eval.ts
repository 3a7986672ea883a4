import type { Command } from "commander";
import type { Print } from "../../output.ts";
import {
  evaluateAbuseCommand,
  evaluateIntentsCommand,
  evaluatePersonalCommand,
  evaluateUrgencyCommand,
  type AbuseOptions,
  type DataOptions,
  type IntentOptions,
} from "./evaluate.ts";

const json = ["--json", "print the figures as one JSON line"] as const;

/** `sealdesk eval ...` */
export function registerEval(program: Command, print: Print): void {
  const evaluate = program
    .command("eval")
    .description("Measure the detectors of moderation (docs/moderation.md); needs no database");

  evaluate
    .command("intents")
    .description("Train with questions whose intent is known, and measure with others")
    .requiredOption("--train <file>", "CSV with the columns text and category")
    .requiredOption("--test <file>", "CSV with the columns text and category")
    .option("--out-of-scope <file>", "CSV with a column dialogue or text, about something else")
    .option(...json)
    .action(async (options: IntentOptions) => print(await evaluateIntentsCommand(options)));

  evaluate
    .command("pii")
    .description("Measure how personal data is found in labelled texts")
    .requiredOption("--data <file>", "JSON: a list of objects with full_text and spans")
    .option(...json)
    .action(async (options: DataOptions) => print(await evaluatePersonalCommand(options)));

  evaluate
    .command("moderation")
    .description("Measure how hate speech is found, by functionality")
    .requiredOption("--data <file>", "CSV with the columns functionality, test_case and label_gold")
    .option("--talk <file>", "CSV with a column dialogue or text, in which nothing is hateful")
    .option(...json)
    .action(async (options: AbuseOptions) => print(await evaluateAbuseCommand(options)));

  evaluate
    .command("urgent")
    .description("Measure how emergencies are found")
    .requiredOption("--data <file>", "CSV with the columns text and urgent (1 or 0)")
    .option(...json)
    .action(async (options: DataOptions) => print(await evaluateUrgencyCommand(options)));
}
