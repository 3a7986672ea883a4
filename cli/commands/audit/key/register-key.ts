import type { Command } from "commander";
import { rotateAuditKey } from "../../../../keys/audit-key.ts";
import type { Print } from "../../../output.ts";
import type { Settings } from "../../../settings.ts";
import { withKms } from "../../../with-kms.ts";
import { retireKeyCommand } from "./retire.ts";

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

/** Makes the key that will replace the audit key. */
async function rotateKeyCommand(settings: Settings): Promise<string> {
  await withKms(settings, (deps) => rotateAuditKey({ ...deps, by: settings.operator }));
  return "There is a new audit key. Restart all nodes: from then on, both keys sign. `sealdesk audit vkey --next` prints the new one.";
}
