import { rotateAuditKey } from "../../../../keys/audit-key.ts";
import type { Settings } from "../../../settings.ts";
import { withKms } from "../../../with-kms.ts";

/** Makes the key that will replace the audit key. */
export async function rotateKeyCommand(settings: Settings): Promise<string> {
  await withKms(settings, (deps) => rotateAuditKey({ ...deps, by: settings.operator }));
  return "There is a new audit key. Restart all nodes: from then on, both keys sign. `sealdesk audit vkey --next` prints the new one.";
}
