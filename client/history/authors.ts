/**
 * The authors of granted messages. A device that this one has checked is known. For any other, such as
 * one that was removed, the grantor passes on the certificate.
 */
import type { Author } from "../../crypto/device/authorship.ts";
import { rememberAccountKey } from "../../crypto/device/admit-device.ts";
import { certifiedFromFields, type CertifiedFields } from "../../crypto/device/certified-fields.ts";
import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Retry } from "../attachments/retry.ts";
import type { Account } from "../device/account.ts";
import { certificateOf, keepCertificate } from "../device/certificates.ts";
import { trustedKeysOf } from "../device/former-device.ts";
import type { Trust } from "../device/trust.ts";
import { cameRightfully } from "../key-log/key-history.ts";

export interface AuthorsDeps {
  readonly store: DeviceStore;
  readonly account: Account;
  readonly trust: Pick<Trust, "device" | "historyOf">;
}

/**
 * Returns the owner of a device by its certificate, even if the device was removed. Returns undefined if
 * nothing proves who that is.
 */
export async function authorOf(
  { account, trust }: Pick<AuthorsDeps, "account" | "trust">,
  transaction: ReadTransaction,
  device: DeviceId,
): Promise<Author | undefined> {
  const { tenant, user } = account;
  if (device === account.device) {
    const { publicKey } = await loadIdentityKey(transaction, "receipt");
    return { tenant, user, receiptKey: publicKey };
  }
  const known = trust.device(device) ?? (await certificateOf(transaction, device));
  return known && { tenant, user: known.user, receiptKey: known.receiptKey };
}

/**
 * Keeps a certificate that a grant passes on, if the key log has it: the device rightfully came to the
 * account, under an account key that this device trusts for the user or before the first of them. If it trusts none, it
 * trusts the newest one from then on, so a key that follows does not count until a person accepts it. The
 * certificate alone proves nothing, because every device can make one. Do not call it inside a
 * store transaction, because it waits for the network.
 * @throws SealdeskError once `retry` gives up
 */
export async function takeAuthor(
  deps: AuthorsDeps,
  fields: CertifiedFields,
  retry: Retry,
): Promise<void> {
  const { store, account, trust } = deps;
  const { user, device } = fields;
  const { author, trusted } = await store.read(async (transaction) => ({
    author: await authorOf(deps, transaction, device),
    trusted: await trustedKeysOf(transaction, account, user),
  }));
  if (author !== undefined) return;
  const history = await retry.answer(() => trust.historyOf(user));
  const certified = certifiedFromFields(account.tenant, fields);
  const newest = history?.entries.at(-1)?.record.accountKey;
  const accountKey = trusted[0] ?? newest;
  if (history === undefined || accountKey === undefined) return;
  if (!cameRightfully(history, certified, [accountKey, ...trusted])) return;
  await store.transact(async (transaction) => {
    await rememberAccountKey(transaction, user, accountKey);
    keepCertificate(transaction, certified);
  });
}
