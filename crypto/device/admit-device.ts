import { equalBytes } from "../wire/bytes.ts";
import { parseId, idFromBytes, type UserId, type DeviceId } from "../wire/ids.ts";
import { uuidToBytes } from "../wire/uuid.ts";
import { DeviceError } from "./device-error.ts";
import { verifyDevice, type CertifiedDevice } from "./identity.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { Suite } from "./suite.ts";

const accountPrefix = "account!";
const accountName = (user: UserId): string => accountPrefix + user;
const ownerName = (device: DeviceId): string => `owner!${device}`;

/**
 * Allows the suite to talk to a device, after checking its certificate. The first account key seen for a
 * user is remembered. Another one is refused until a person accepts it. A device stays with the first user
 * it was seen under. The caller compares the record's tenant and user with those it asked for, and the
 * device with the key log, which says whether the account approved it.
 * @throws DeviceError invalid_device_record, account_key_changed; SuiteError untrusted_identity
 */
export async function admitDevice(
  transaction: StoreTransaction,
  suite: Suite,
  device: CertifiedDevice,
): Promise<void> {
  const { record } = device;
  // Check the certificate first. A record that no device signed is no reason to alarm a person.
  verifyDevice(device, record.accountKey);
  const names = [accountName(record.user), ownerName(record.device)];
  const [known, owner] = await transaction.getMany(names);
  if (known !== undefined) verifyDevice(device, known);
  if (owner !== undefined && idFromBytes<UserId>(owner) !== record.user)
    throw new DeviceError("invalid_device_record", "The device belongs to another user.");
  await suite.trust(transaction, { device: record.device, identityKey: record.identityKey });
  if (known === undefined) transaction.put(accountName(record.user), record.accountKey);
  if (owner === undefined) transaction.put(ownerName(record.device), uuidToBytes(record.user));
}

/** Returns the account key remembered for a user, for safety numbers. */
export const knownAccountKey = (
  transaction: Pick<StoreTransaction, "get">,
  user: UserId,
): Promise<Uint8Array | undefined> => transaction.get(accountName(user));

/**
 * Replaces the remembered account key. Call it after a person was shown the change and accepted it.
 * @throws DeviceError account_key_changed: `shown` is not the key that was to be replaced
 */
export async function acceptAccountKey(
  transaction: StoreTransaction,
  user: UserId,
  keys: { readonly shown: Uint8Array; readonly accepted: Uint8Array },
): Promise<void> {
  const known = await transaction.get(accountName(user));
  if (known === undefined || !equalBytes(known, keys.shown))
    throw new DeviceError("account_key_changed", "The account key has changed again.");
  transaction.put(accountName(user), keys.accepted);
}

/**
 * Returns the account keys remembered for users, at most `limit`. A new device of this account
 * needs them.
 */
export async function knownAccountKeys(
  transaction: Pick<StoreTransaction, "list">,
  limit: number,
): Promise<readonly { readonly user: UserId; readonly accountKey: Uint8Array }[]> {
  const entries = await transaction.list(accountPrefix, { limit });
  return entries.map(([name, accountKey]) => ({
    user: parseId<UserId>(name.slice(accountPrefix.length)),
    accountKey,
  }));
}

/**
 * Stores an account key that another device of the account remembered, unless one is stored
 * already.
 */
export async function rememberAccountKey(
  transaction: StoreTransaction,
  user: UserId,
  accountKey: Uint8Array,
): Promise<void> {
  const known = await transaction.get(accountName(user));
  if (known === undefined) transaction.put(accountName(user), accountKey);
}
