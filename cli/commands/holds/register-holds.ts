import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  answerMatchCommand,
  attendErasureCommand,
  listHoldsCommand,
  listMatchesCommand,
  listReopenedCommand,
  placeHoldCommand,
  releaseHoldCommand,
  reviewHoldCommand,
  showHoldCommand,
  type PlaceOptions,
} from "./holds.ts";

type Options = { readonly tenant: string };
const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;
const REVIEW_ON = ["--review-on <day>", "when an officer must look at it again"] as const;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk hold ...` */
export function registerHolds(program: Command, print: Print, settings: () => Settings): void {
  const hold = program
    .command("hold")
    .description("Place and release legal holds, and see to the erasures that they deferred");

  hold
    .command("place")
    .description("Place a hold, which is in force at once")
    .requiredOption(...TENANT)
    .requiredOption("--matter <text>", "how you name the matter, without names of people")
    .requiredOption("--citation <text>", "the law or the order that demands the hold")
    .requiredOption("--custodian <account>", "id of the account that keeps what is held")
    .requiredOption(...REVIEW_ON)
    .option("--subject <account>", "hold an account and its conversations; repeat it", collect)
    .option("--conversation <id>", "hold a conversation; repeat it", collect)
    .option("--team <name>", "hold the conversations of a team; repeat it", collect)
    .option("--from <moment>", "hold only what was received from then on")
    .option("--until <moment>", "hold only what was received before")
    .action(async (options: PlaceOptions) => print(await placeHoldCommand(settings(), options)));

  hold
    .command("list")
    .description("List the holds, the newest first")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listHoldsCommand>[1]) =>
      print(await listHoldsCommand(settings(), options)),
    );

  hold
    .command("show")
    .description("Print a hold as JSON, with what proves its commitment")
    .argument("<id>", "id of the hold")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await showHoldCommand(settings(), id, options)),
    );

  hold
    .command("review")
    .description("Record a review of a hold, and the date of the next one")
    .argument("<id>", "id of the hold")
    .requiredOption(...TENANT)
    .requiredOption(...REVIEW_ON)
    .action(async (id: string, options: Parameters<typeof reviewHoldCommand>[2]) =>
      print(await reviewHoldCommand(settings(), id, options)),
    );

  hold
    .command("release")
    .description("Ask that a hold ends; another person approves it with `approval approve`")
    .argument("<id>", "id of the hold")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await releaseHoldCommand(settings(), id, options)),
    );

  hold
    .command("reopened")
    .description("List the erasures that wait for an officer since their holds were released")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listReopenedCommand>[1]) =>
      print(await listReopenedCommand(settings(), options)),
    );

  hold
    .command("matches")
    .description("List new accounts that may be those of erased people whose data a hold keeps")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listMatchesCommand>[1]) =>
      print(await listMatchesCommand(settings(), options)),
    );

  hold
    .command("answer")
    .description("Answer for the custodian whether a new account is that of the erased person")
    .argument("<id>", "id of the question")
    .requiredOption(...TENANT)
    .requiredOption("--answer <answer>", "linked: the hold covers the new account; or not_linked")
    .action(async (id: string, options: Parameters<typeof answerMatchCommand>[2]) =>
      print(await answerMatchCommand(settings(), id, options)),
    );

  hold
    .command("attend")
    .description("See to a re-opened erasure, so that it can go on")
    .argument("<id>", "id of the erasure")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await attendErasureCommand(settings(), id, options)),
    );
}
