import type { Client } from "../../db/pool.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { ListSignature } from "../../crypto/wire/device-list.ts";
import { storeDeviceList, type SigningAccount } from "./device-list.ts";
import { appendKeyEntry } from "../transparency/append-key-entry.ts";

interface RemovedDevice {
  readonly id: DeviceId;
  /** Ed25519, 32 bytes. */
  readonly deviceKey: Uint8Array;
}

interface RemovedRow extends RemovedDevice {
  readonly identityKey: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/**
 * Removes devices of an account permanently. The key log records each removal. The transaction must
 * hold the lock on the account.
 * @param signed the account's devices afterwards, and the device that signed the list. Undefined if the
 *   account did not ask
 * @returns the devices that existed and are now removed
 * @throws IdentityError stale_device_list, invalid_device_list
 */
export async function removeDevices(
  client: Client,
  account: SigningAccount,
  which: "all" | { readonly device: DeviceId },
  nowMs: number,
  signed?: { readonly list: ListSignature; readonly by: DeviceId },
): Promise<readonly RemovedDevice[]> {
  const { rows } = await client.query<RemovedRow>(
    `update devices set revoked_at_ms = $3
     where user_id = $1 and ($2::uuid is null or id = $2) and revoked_at_ms is null
     returning id, device_key as "deviceKey", identity_key as "identityKey",
       receipt_key as "receiptKey", certificate`,
    [account.user, which === "all" ? null : which.device, nowMs],
  );
  if (rows.length > 0 && signed !== undefined)
    await storeDeviceList(client, account, signed.list, signed.by);
  for (const { id, certificate, ...keys } of rows)
    await appendKeyEntry(client, {
      change: "device_removed",
      record: { ...account, device: id, ...keys },
      certificate,
      list: signed?.list,
    });
  return rows;
}
