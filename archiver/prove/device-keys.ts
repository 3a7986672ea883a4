import { logFolder } from "../../audit/log-folder.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { parseVkey } from "../../audit/verify/note.ts";
import { verifyLog } from "../../audit/verify/verify-log.ts";
import { verifyDevice } from "../../crypto/device/identity.ts";
import { ready } from "../../crypto/device/sodium.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { decodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";

/** The devices of a tenant, as its key log shows them. */
export type DeviceKeys = ReadonlyMap<DeviceId, DeviceRecord>;

/**
 * Verifies an exported key log, and reads the devices that were ever added. Each has certified its own record. Of several
 * records of one device, the first one counts.
 * @param folder what `sealdesk audit export --keys` wrote
 * @param vkey the verifier key, as printed by `sealdesk audit vkey --keys`
 * @throws LogError that names the first place with a fault
 */
export async function readDeviceKeys(folder: string, vkey: string): Promise<DeviceKeys> {
  await ready;
  const devices = new Map<DeviceId, DeviceRecord>();
  await verifyLog(nodeChecks, logFolder(folder), {
    key: parseVkey(nodeChecks.sha256, vkey),
    onEntry(bytes) {
      const entry = keyEntryIn(bytes);
      if (entry?.change !== "device_added" || devices.has(entry.record.device)) return;
      devices.set(entry.record.device, entry.record);
    },
  });
  return devices;
}

/** Returns a change of an account's devices whose device certified it. The log has other entries, too. */
function keyEntryIn(bytes: Uint8Array): KeyEntry | undefined {
  try {
    const entry = decodeKeyEntry(bytes);
    const { record, certificate: signature } = entry;
    verifyDevice({ record, signature }, record.accountKey);
    return entry;
  } catch {
    return undefined;
  }
}
