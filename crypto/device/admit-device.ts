import { equalBytes } from "../wire/bytes.ts";
import type { Uuid } from "../wire/uuid.ts";
import { DeviceError } from "./device-error.ts";
import { verifyDevice, type CertifiedDevice } from "./identity.ts";
import type { StoreTransaction } from "./store-transaction.ts";
import type { Suite } from "./suite.ts";

const accountName = (user: Uuid): string => `account!${user}`;

/**
 * Lets the suite talk to a device, once its account's signature holds. The first account key seen
 * for a user is remembered; another one is refused until a person accepts it.
 * @throws DeviceError invalid_device_record, account_key_changed; SuiteError untrusted_identity
 */
export async function admitDevice(
  transaction: StoreTransaction,
  suite: Suite,
  device: CertifiedDevice,
): Promise<void> {
  const { record } = device;
  const known = await transaction.get(accountName(record.user));
  verifyDevice(device, known ?? record.accountKey);
  await suite.trust(transaction, { device: record.device, identityKey: record.identityKey });
  if (known === undefined) transaction.put(accountName(record.user), record.accountKey);
}

/** The account key remembered for a user, for safety numbers. */
export const knownAccountKey = (
  transaction: Pick<StoreTransaction, "get">,
  user: Uuid,
): Promise<Uint8Array | undefined> => transaction.get(accountName(user));

/**
 * Replaces the remembered account key, after a person was shown the change and accepted it.
 * @throws DeviceError account_key_changed: `shown` is not the key that was to be replaced
 */
export async function acceptAccountKey(
  transaction: StoreTransaction,
  user: Uuid,
  keys: { readonly shown: Uint8Array; readonly accepted: Uint8Array },
): Promise<void> {
  const known = await transaction.get(accountName(user));
  if (known === undefined || !equalBytes(known, keys.shown))
    throw new DeviceError("account_key_changed", "The account key changed again meanwhile.");
  transaction.put(accountName(user), keys.accepted);
}
