import {
  deviceId,
  message,
  optional,
  tenantId,
  text,
  uint,
  userId,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import {
  idFromBytes,
  type TenantId,
  type UserId,
  type DeviceId,
  type NewId,
} from "../../crypto/wire/ids.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import { createIdentityKey, loadIdentityKey } from "../../crypto/device/identity.ts";
import type { SigningKeyPair } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { SealdeskError } from "../errors.ts";
import type { SignedIn } from "../http/session.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const deviceName = "client!device";
const accountName = "client!account";

const account = message({
  tenant: [1, tenantId],
  user: [2, userId],
  role: [3, text(64)],
  displayName: [4, optional(text(1024))],
  device: [5, deviceId],
  /** 1 once the device is registered with the server. */
  registered: [6, uint(1)],
});

/** The signed-in user. */
export interface SealdeskUser {
  readonly id: UserId;
  readonly role: string;
  readonly displayName: string | undefined;
}

/** The account that this device belongs to. */
export type Account = MessageOf<typeof account>;

export async function loadAccount(transaction: ReadTransaction): Promise<Account | undefined> {
  const record = await transaction.get(accountName);
  return record === undefined ? undefined : decodeRecord(account, record);
}

export const saveAccount = (transaction: StoreTransaction, value: Account): void =>
  transaction.put(accountName, encodeRecord(account, value));

/**
 * Returns this device's id and device key. The first call makes them, because signing in already
 * needs the key.
 */
export function ownDevice(
  store: DeviceStore,
  newId: NewId,
): Promise<{ readonly device: DeviceId; readonly deviceKey: SigningKeyPair }> {
  return store.transact(async (transaction) => {
    const known = await transaction.get(deviceName);
    const device = known === undefined ? newId<DeviceId>() : idFromBytes<DeviceId>(known);
    if (known === undefined) transaction.put(deviceName, uuidToBytes(device));
    await createIdentityKey(transaction, "device");
    return { device, deviceKey: await loadIdentityKey(transaction, "device") };
  });
}

/**
 * Returns the account that signed in with this store's device. It stores nothing.
 * @throws SealdeskError other_account
 */
export async function signedInAccount(
  store: DeviceStore,
  device: DeviceId,
  { tenant, user }: SignedIn,
): Promise<Account> {
  const known = await store.read(loadAccount);
  assertSameAccount(known, tenant.id, user.id);
  const { role, displayName } = user;
  const registered = known?.registered ?? 0;
  return { tenant: tenant.id, user: user.id, role, displayName, device, registered };
}

/** @throws SealdeskError other_account: the store belongs to another account */
export function assertSameAccount(
  known: Account | undefined,
  tenant: TenantId,
  user: UserId,
): void {
  if (known !== undefined && (known.user !== user || known.tenant !== tenant))
    throw new SealdeskError("other_account", "The store belongs to another account.");
}
