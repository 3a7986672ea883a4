import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { receiptBytes, type Receipt } from "../../crypto/wire/receipt.ts";
import { staffToleranceMs } from "../../crypto/wire/staff-certificate.ts";
import { certifiedFromFields } from "../../crypto/device/certified-fields.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { Account } from "../device/account.ts";
import type { TenantAuthority } from "../device/authority.ts";
import { isCertified } from "../device/is-certified.ts";
import type { FoundStaff } from "../device/staff.ts";

interface ActorDeps {
  readonly authority: Pick<TenantAuthority, "openAt">;
  readonly account: Pick<Account, "tenant">;
}

/** An event with a receipt that is about it. */
interface SignedEvent {
  readonly event: Pick<Deliver, "senderDevice">;
  readonly control: Control;
  readonly receipt: Pick<Receipt, "atMs">;
  /** The time of the last event before that is known: see `timeBefore`. */
  readonly previousMs: number;
}

/**
 * Returns what the certificate in an event says of the event's author. The authority certified the account
 * key, that key the device, and the device signed the receipt. The certificate must be valid at the time
 * that the receipt names. That time is not more than a day before the last known event, so nobody acts with a
 * certificate that ended before it.
 * @returns undefined if the event brings no such certificate
 * @throws SealdeskError transient ones: the key log did not show the keys of the authority
 */
export async function certifiedActor(
  { authority, account: { tenant } }: ActorDeps,
  { event: { senderDevice: device }, control, receipt: { atMs }, previousMs }: SignedEvent,
): Promise<FoundStaff | undefined> {
  const { staffCertificate, signer, receipt, actor: user } = control;
  if (staffCertificate === undefined || signer?.user !== user || receipt === undefined)
    return undefined;
  const { accountKey, receiptKey } = signer;
  const isTheirs =
    isCertified(certifiedFromFields(tenant, { ...signer, device }), accountKey) &&
    verifySignature(receiptBytes(receipt.text), receipt.signature, receiptKey);
  if (!isTheirs || atMs < previousMs - staffToleranceMs) return undefined;
  const certificate = await authority.openAt(staffCertificate, atMs);
  const isOfActor =
    certificate?.tenant === tenant &&
    certificate.user === user &&
    equalBytes(certificate.accountKey, accountKey);
  if (!isOfActor) return undefined;
  const { role, fromMs, untilMs, authority: key } = certificate;
  return { user, role, accountKey, fromMs, untilMs, authority: key };
}
