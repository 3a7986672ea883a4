import type { Client } from "../../db/pool.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../crypto/wire/ed25519.ts";
import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { EntryApproval } from "../../crypto/wire/key-entry.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../crypto/wire/signed-records.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { audited, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { PreKeyUpload } from "../prekeys/prekey.ts";
import { storePreKeys } from "../prekeys/store-prekeys.ts";
import { appendKeyEntry } from "../transparency/append-key-entry.ts";
import { loggedAccountKeys } from "../transparency/logged-account-keys.ts";
import type { Authenticated } from "../tokens/authenticate.ts";
import { assertSession } from "../tokens/session-end.ts";
import type { CertifyAccount } from "../authority/certify-account.ts";
import type { Announce } from "./announce.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { storeDeviceList } from "./device-list.ts";
import { lockAccount } from "./lock-account.ts";

/** The number of devices of one account that may be registered and not revoked. */
const MAX_DEVICES_PER_USER = 16;

/**
 * The number of devices of one account that may be registered in a period, including revoked ones.
 */
const MAX_REGISTERED = 64;
const REGISTERED_DAYS = 30;

export interface NewDevice {
  /** Chosen by the device. */
  readonly id: DeviceId;
  readonly registrationId: number;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
  /** libsignal identity key, 33 bytes. */
  readonly identityKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly receiptKey: Uint8Array;
  /** The device key's signature over `deviceRecordBytes`, 64 bytes. */
  readonly certificate: Uint8Array;
  /** The account's devices after this registration, signed by this device. */
  readonly list: ListSignature;
  /** By a registered device of the account. The account key approves the first device. */
  readonly approval?: EntryApproval | undefined;
  readonly preKeys: PreKeyUpload;
}

/**
 * Registers the device whose key signed this request. That key must certify the record and
 * sign the list of the account's devices with this one. The account's first device sets the account
 * key, which must approve it. Every further device must have the same one, and a registered device of the
 * account must approve it. The registration is in the tenant's key log. A repeat of the same registration is no
 * error.
 * @param deps.admit called before a certified device is added; rejects if the account adds too many
 * @param deps.certify certifies an account of staff before others see its device
 * @param deps.announce advances the epochs of the user's conversations after the device is
 *   registered
 * @throws IdentityError invalid_certificate, account_key_mismatch, account_key_retired,
 *   device_not_approved, stale_device_list, invalid_device_list, session_revoked, device_exists,
 *   too_many_devices, invalid_prekey, too_many_prekeys,
 *   prekey_id_reused
 */
export async function registerDevice(
  deps: UseCase & {
    readonly announce: Announce;
    readonly certify: CertifyAccount;
    readonly admit: (account: UserId) => Promise<void>;
  },
  who: Authenticated,
  device: NewDevice,
): Promise<void> {
  const { tenant, user } = who.actor;
  const record = { ...device, tenant, user, device: device.id, deviceKey: who.deviceKey };
  await audited(
    deps,
    who.actor,
    { action: "device.register", resource: { type: "device", id: device.id } },
    async (client) => {
      assertCertificate(record, device.certificate);
      const isFirst = await settleAccountKey(client, record, who.actor);
      const isNew = await insertDevice(client, record, device, deps.now());
      const { id, identityKey } = device;
      await storePreKeys(client, { tenant, device: id, identityKey }, device.preKeys);
      if (isNew) await assertApproved(client, record, device.approval, isFirst);
      if (isNew) await deps.admit(user);
      await storeDeviceList(client, record, device.list, device.id);
      if (!isNew) return;
      await appendKeyEntry(client, {
        change: "device_added",
        record,
        certificate: device.certificate,
        list: device.list,
        approval: device.approval,
      });
    },
  );
  if (isStaff(who.actor.role)) await deps.certify({ tenant, user });
  await deps.announce({ tenant, user });
}

function assertCertificate(record: DeviceRecord, certificate: Uint8Array): void {
  if (!isEd25519Key(record.receiptKey))
    throw new IdentityError("invalid_certificate", "The receipt key is not a sound Ed25519 key.");
  if (!verifyEd25519(record.deviceKey, deviceRecordBytes(record), certificate))
    throw new IdentityError("invalid_certificate", "The device key did not sign this record.");
}

/**
 * Locks the account. If two first devices register at once, one sets the key and the other must
 * match it.
 * @returns true if this is the first device under the account key
 */
async function settleAccountKey(
  client: Client,
  { user, accountKey }: DeviceRecord,
  actor: Actor,
): Promise<boolean> {
  const known = (await lockAccount(client, user))?.accountKey;
  // A reset that held the lock has ended every session. This registration must not follow it.
  await assertSession(client, actor);
  if (known === undefined) {
    await assertNewKey(client, user, accountKey);
    await client.query("update users set account_key = $2 where id = $1", [user, accountKey]);
  } else if (!equalBytes(known, accountKey))
    throw new IdentityError(
      "account_key_mismatch",
      "The account has another key. Link this device: a registered device of the account must approve it.",
    );
  return known === undefined;
}

/**
 * Requires the approval by the account key of its first device, or by a registered device of the account. The
 * account key approves no further device.
 */
async function assertApproved(
  client: Client,
  record: DeviceRecord,
  approval: EntryApproval | undefined,
  isFirst: boolean,
): Promise<void> {
  const key = isFirst ? keyOfFirst(record, approval) : await keyOfSibling(client, record, approval);
  const isApproved =
    key !== undefined &&
    approval !== undefined &&
    verifyEd25519(
      key,
      deviceApprovalBytes({ ...record, approvedBy: approval.device }),
      approval.signature,
    );
  if (!isApproved)
    throw new IdentityError(
      "device_not_approved",
      "A registered device of the account must approve this one, or the account key if it is the first.",
    );
}

const keyOfFirst = (
  { accountKey }: DeviceRecord,
  approval: EntryApproval | undefined,
): Uint8Array | undefined => (approval?.device === undefined ? accountKey : undefined);

async function keyOfSibling(
  client: Client,
  { device, user }: DeviceRecord,
  approval: EntryApproval | undefined,
): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ key: Uint8Array }>(
    `select device_key as key from devices
     where id = $1 and id <> $2 and user_id = $3 and revoked_at_ms is null`,
    [approval?.device ?? null, device, user],
  );
  return rows[0]?.key;
}

/**
 * Refuses former account keys. Others trust a key they know, so somebody with a key from before a
 * reset must not come back under it.
 */
async function assertNewKey(client: Client, user: UserId, key: Uint8Array): Promise<void> {
  const former = await loggedAccountKeys(client, user);
  if (former.some((each) => equalBytes(each, key)))
    throw new IdentityError(
      "account_key_retired",
      "The account was reset. Register with a new account key.",
    );
}

/** @returns false if the device was already registered with the same record */
async function insertDevice(
  client: Client,
  record: DeviceRecord,
  { registrationId, certificate }: NewDevice,
  nowMs: number,
): Promise<boolean> {
  const active = await client.query<{ id: DeviceId }>(
    "select id from devices where user_id = $1 and revoked_at_ms is null",
    [record.user],
  );
  const registered = active.rows.some(({ id }) => id === record.device);
  if (!registered && active.rows.length >= MAX_DEVICES_PER_USER)
    throw new IdentityError(
      "too_many_devices",
      `An account has at most ${MAX_DEVICES_PER_USER} devices. Remove one first.`,
    );
  const recent = await client.query<{ count: number }>(
    "select count(*)::int as count from devices where user_id = $1 and created_at_ms > $2",
    [record.user, nowMs - REGISTERED_DAYS * 86_400_000],
  );
  if (!registered && (recent.rows[0]?.count ?? 0) >= MAX_REGISTERED)
    throw new IdentityError(
      "too_many_devices",
      `An account registers at most ${MAX_REGISTERED} devices in ${REGISTERED_DAYS} days. Wait, or use a device that is registered.`,
    );
  const { rowCount } = await client.query(
    `insert into devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      record.device,
      record.tenant,
      record.user,
      registrationId,
      record.deviceKey,
      record.identityKey,
      record.receiptKey,
      certificate,
      nowMs,
    ],
  );
  if (rowCount === 1) return true;
  const same = await client.query(
    `select from devices where id = $1 and user_id = $2 and registration_id = $3
       and certificate = $4 and revoked_at_ms is null`,
    [record.device, record.user, registrationId, certificate],
  );
  if (same.rowCount === 0)
    throw new IdentityError("device_exists", "Another device has this id or key.");
  return false;
}
