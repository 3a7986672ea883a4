import type { Command } from "commander";
import type { Print } from "../../../output.ts";
import type { Settings } from "../../../settings.ts";
import { retireKeyCommand } from "./retire.ts";
import { rotateKeyCommand } from "./rotate.ts";

/** `sealdesk audit key ...` */
export function registerKey(audit: Command, print: Print, settings: () => Settings): void {
  const key = audit.command("key").description("Replace the key that signs the logs");
  key
    .command("rotate")
    .description("Make a new key; after a restart, nodes sign with both keys")
    .action(async () => print(await rotateKeyCommand(settings())));
  key
    .command("retire")
    .description("Destroy the former key; no node may run")
    .action(async () => print(await retireKeyCommand(settings())));
}
