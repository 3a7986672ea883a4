import { equalBytes } from "../../crypto/wire/bytes.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { cameRightfully, keysUntil, type KeyHistory } from "../key-log/key-history.ts";
import type { Account } from "./account.ts";

/** Returns the account key that this device trusts for a user. */
export const accountKeyOf = async (
  transaction: ReadTransaction,
  { user: self }: Pick<Account, "user">,
  user: UserId,
): Promise<Uint8Array | undefined> =>
  user === self ? loadAccountKey(transaction) : knownAccountKey(transaction, user);

/**
 * Returns whether a device that no directory may list any more rightfully came to the account of the user
 * that its record names, under the account key that this device trusts or before it. The account may have
 * been reset and may have another key now. A certificate alone proves nothing: every device can certify
 * itself under any account key.
 * @param accountKey the account key that this device trusts for the user
 * @param history what the key log says of the user, if it can be had
 */
export const wasDeviceOf = (
  certified: CertifiedDevice,
  accountKey: Uint8Array | undefined,
  history: KeyHistory | undefined,
): boolean => history !== undefined && cameRightfully(history, certified, accountKey);

/**
 * Returns whether a device rightfully came to the account under an account key that followed the trusted one.
 * A person may still accept that key.
 */
export const cameLater = (
  certified: CertifiedDevice,
  trusted: Uint8Array | undefined,
  history: KeyHistory | undefined,
): boolean =>
  trusted !== undefined &&
  wasDeviceOf(certified, certified.record.accountKey, history) &&
  keysUntil(history, certified.record.accountKey).some((key) => equalBytes(key, trusted));
