import type { Command } from "commander";
import { RESTRICTION_PROVISION } from "../../../policies/restriction-notice.ts";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  liftRestrictionCommand,
  listRestrictionsCommand,
  placeRestrictionCommand,
  type LiftOptions,
  type ListOptions,
  type PlaceOptions,
} from "./restrictions.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk restriction ...` */
export function registerRestrictions(
  program: Command,
  print: Print,
  settings: () => Settings,
): void {
  const restriction = program
    .command("restriction")
    .description("Restrict the processing of somebody's conversations, and end that");

  restriction
    .command("place")
    .description("Restrict conversations, which are only stored from then on")
    .requiredOption(...TENANT)
    .requiredOption("--subject <account>", "id of the person's account")
    .option("--conversation <id>", "restrict this one; all that exist by default", collect)
    .option("--law <citation>", "the provision that demands it", RESTRICTION_PROVISION)
    .action(async (options: PlaceOptions) =>
      print(await placeRestrictionCommand(settings(), options)),
    );

  restriction
    .command("list")
    .description("List the restrictions in force, the newest first")
    .requiredOption(...TENANT)
    .option("--all", "also those that were lifted")
    .option("--json", "print JSON")
    .action(async (options: ListOptions) =>
      print(await listRestrictionsCommand(settings(), options)),
    );

  restriction
    .command("lift")
    .description("Announce the end of a restriction to the person; the server then lifts it")
    .argument("<id>", "id of the restriction")
    .requiredOption(...TENANT)
    .option("--notice-hours <number>", "how long before the end; 24 hours by default")
    .action(async (id: string, options: LiftOptions) =>
      print(await liftRestrictionCommand(settings(), id, options)),
    );
}
