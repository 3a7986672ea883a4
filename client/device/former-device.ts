import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import { loadIdentityKey, type CertifiedDevice } from "../../crypto/device/identity.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { cameRightfully, wasLoggedBefore, type KeyHistory } from "../key-log/key-history.ts";
import type { Account } from "./account.ts";
import { isCertified } from "./is-certified.ts";

/** Returns the account key that this device trusts for a user. */
export const accountKeyOf = async (
  transaction: ReadTransaction,
  { user: self }: Pick<Account, "user">,
  user: UserId,
): Promise<Uint8Array | undefined> =>
  user === self
    ? (await loadIdentityKey(transaction, "account")).publicKey
    : knownAccountKey(transaction, user);

/**
 * Returns whether a device that no directory may list any more belonged to the user that its record
 * names. The account may have been reset and may have another key now. Then the device must have been in
 * the key log before that key. The certificate alone does not prove it, and neither does a later log
 * entry.
 * @param accountKey the account key that this device trusts for the user
 * @param history what the key log says of the user, if it is needed and can be had
 */
export function wasDeviceOf(
  certified: CertifiedDevice,
  accountKey: Uint8Array | undefined,
  history: KeyHistory | undefined,
): boolean {
  if (!isCertified(certified, certified.record.accountKey)) return false;
  if (accountKey !== undefined && equalBytes(accountKey, certified.record.accountKey)) return true;
  return history !== undefined && wasLoggedBefore(history, certified, accountKey);
}

/**
 * Returns whether a device rightfully came to the account of the user that its record names, under the
 * account key that this device trusts or before it. Whoever has that key could certify a device that
 * nobody approved, and the server could log it.
 */
export const wasLoggedDeviceOf = (
  certified: CertifiedDevice,
  accountKey: Uint8Array | undefined,
  history: KeyHistory | undefined,
): boolean => history !== undefined && cameRightfully(history, certified, accountKey);
