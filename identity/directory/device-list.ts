import {
  deviceListBytes,
  hasSoundValidity,
  listedDevice,
  type ListSignature,
} from "../../crypto/wire/device-list.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";
import type { Client } from "../../db/pool.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { IdentityError } from "../identity-error.ts";

/**
 * How much higher the version of a list may be than the one before. Devices may be ahead of a server that was
 * put back from a backup. Without a limit, one device could use up the versions, and no other could remove it.
 */
const MAX_STEP = 1_000;

/** An account whose devices sign its list. */
export interface SigningAccount {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
}

/**
 * Stores a list of the devices that the account has now, which the requesting device signed. The transaction
 * must hold the lock on the account.
 * @param by the requesting device, which may be the one that has just been removed
 * @throws IdentityError stale_device_list: the account signed another one meanwhile;
 *   invalid_device_list: it is of other devices, or `by` did not sign it
 */
export async function storeDeviceList(
  client: Client,
  account: SigningAccount,
  list: ListSignature,
  by: DeviceId,
): Promise<void> {
  const { tenant, user } = account;
  const { version, issuedAtMs, validUntilMs, signedBy, signature } = list;
  const { rows } = await client.query<Pick<ListSignature, "version" | "signature">>(
    "select version, signature from device_lists where user_id = $1",
    [user],
  );
  const [known] = rows;
  // The same request again, because its answer was lost.
  if (version === known?.version && equalBytes(signature, known.signature)) return;
  if (known !== undefined && version <= known.version)
    throw new IdentityError(
      "stale_device_list",
      `The account has a list of version ${known.version}. Read it and sign a later one.`,
    );
  if (version > (known?.version ?? 0) + MAX_STEP)
    throw new IdentityError(
      "invalid_device_list",
      `The list has version ${version}, far above the version ${known?.version ?? 0} that the account has. Take the next one.`,
    );
  const devices = await devicesOf(client, account);
  const signed = deviceListBytes({ ...account, version, issuedAtMs, validUntilMs, devices });
  const key = signedBy === by ? await deviceKeyOf(client, user, by) : undefined;
  if (!hasSoundValidity(list) || key === undefined || !verifyEd25519(key, signed, signature))
    throw new IdentityError(
      "invalid_device_list",
      "This device did not sign a list of exactly the account's devices after this change.",
    );
  await client.query(
    `insert into device_lists (user_id, tenant, version, issued_at_ms, valid_until_ms, signed_by, signature)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (user_id) do update set version = excluded.version,
       issued_at_ms = excluded.issued_at_ms, valid_until_ms = excluded.valid_until_ms,
       signed_by = excluded.signed_by, signature = excluded.signature`,
    [user, tenant, version, issuedAtMs, validUntilMs, signedBy, signature],
  );
}

/** Forgets the list of an account that begins anew. */
export async function forgetDeviceList(client: Client, user: UserId): Promise<void> {
  await client.query("delete from device_lists where user_id = $1", [user]);
}

async function deviceKeyOf(
  client: Client,
  user: UserId,
  device: DeviceId,
): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ key: Uint8Array }>(
    "select device_key as key from devices where id = $1 and user_id = $2",
    [device, user],
  );
  return rows[0]?.key;
}

async function devicesOf(client: Client, { tenant, user, accountKey }: SigningAccount) {
  const { rows } = await client.query<
    Pick<DeviceRecord, "device" | "deviceKey" | "identityKey" | "receiptKey">
  >(
    `select id as device, device_key as "deviceKey", identity_key as "identityKey",
       receipt_key as "receiptKey"
     from devices where user_id = $1 and revoked_at_ms is null`,
    [user],
  );
  return rows.map((row) => listedDevice(nodeChecks.sha256, { tenant, user, accountKey, ...row }));
}
