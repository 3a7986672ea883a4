import type { DeviceProof } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { certifyingKeyOf } from "../../identity/transparency/logged-account-keys.ts";

interface DeviceRow {
  readonly user: UserId;
  readonly deviceKey: Buffer;
  readonly identityKey: Buffer;
  readonly receiptKey: Buffer;
  readonly certificate: Buffer;
}

/**
 * Returns a device's certificate for devices that may find it in no directory: it may be removed by
 * now, or belong to no member. The account key is the one that certified the device. After a reset it
 * is no longer the account's key.
 * @returns undefined if the key log has no such device
 */
export async function deviceProof(
  client: Client,
  device: DeviceId,
): Promise<DeviceProof | undefined> {
  const { rows } = await client.query<DeviceRow>(
    `select user_id as "user", device_key as "deviceKey", identity_key as "identityKey",
       receipt_key as "receiptKey", certificate
     from devices where id = $1`,
    [device],
  );
  const [row] = rows;
  const accountKey = row && (await certifyingKeyOf(client, row.user, device));
  return row && accountKey && { ...row, accountKey };
}
