import { equalBytes } from "../../crypto/wire/bytes.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { cameRightfully, keysUntil, type KeyHistory } from "../key-log/key-history.ts";
import { acceptedKeysOf } from "./accepted-keys.ts";
import type { Account } from "./account.ts";

/** Returns the account key that this device trusts for a user. */
const accountKeyOf = async (
  transaction: ReadTransaction,
  { user: self }: Pick<Account, "user">,
  user: UserId,
): Promise<Uint8Array | undefined> =>
  user === self ? loadAccountKey(transaction) : knownAccountKey(transaction, user);

/**
 * Returns the account keys of a user that this device trusts or has trusted: the present one, and those that a
 * person replaced by accepting another one.
 */
export async function trustedKeysOf(
  transaction: ReadTransaction,
  account: Pick<Account, "user">,
  user: UserId,
): Promise<readonly Uint8Array[]> {
  const present = await accountKeyOf(transaction, account, user);
  if (present === undefined) return [];
  return [present, ...(await acceptedKeysOf(transaction, user))];
}

/**
 * Returns whether a device that no directory may list any more rightfully came to the account of the user
 * that its record names: see `cameRightfully`. The account may have been reset and may have another key now. A
 * certificate alone proves nothing: every device can certify itself under any account key.
 * @param trusted see `trustedKeysOf`
 * @param history what the key log says of the user, if it can be had
 */
export const wasDeviceOf = (
  certified: CertifiedDevice,
  trusted: readonly Uint8Array[],
  history: KeyHistory | undefined,
): boolean => history !== undefined && cameRightfully(history, certified, trusted);

/**
 * Returns whether a device rightfully came to the account under an account key that followed a trusted one, and
 * that no person has accepted.
 * @param trusted see `trustedKeysOf`
 */
export const cameLater = (
  certified: CertifiedDevice,
  trusted: readonly Uint8Array[],
  history: KeyHistory | undefined,
): boolean =>
  wasDeviceOf(certified, [certified.record.accountKey], history) &&
  keysUntil(history, certified.record.accountKey).some((key) =>
    trusted.some((each) => equalBytes(key, each)),
  );
