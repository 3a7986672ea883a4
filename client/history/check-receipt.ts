import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { decodeReceipt, receiptBytes, type Receipt } from "../../crypto/wire/receipt.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";

/** The device and user whose signature a receipt must have. */
export interface Signer {
  readonly user: UserId;
  readonly receiptKey: Uint8Array;
}

/**
 * Returns the receipt of an event if the event's device signed it for this conversation as the
 * member that the event names. Otherwise returns undefined.
 */
export function checkedReceipt(
  tenant: TenantId,
  event: Pick<Deliver, "kind" | "conversation" | "senderDevice">,
  control: Control,
  signer: Signer | undefined,
): Receipt | undefined {
  const { receipt: signed, actor, subject, members } = control;
  if (signed === undefined || signer?.user !== actor) return undefined;
  const receipt = receiptOf(control);
  if (receipt?.tenant !== tenant || receipt.conversation !== event.conversation) return undefined;
  const { user, device, about } = partsOf(receipt);
  const isOfEvent =
    event.kind === (receipt.type === "consent" ? "consent_changed" : "history_granted") &&
    [user, device, about].join(" ") === [actor, event.senderDevice, subject].join(" ") &&
    members.some((member) => member.user === about);
  const isSigned = verifySignature(receiptBytes(signed.text), signed.signature, signer.receiptKey);
  return isOfEvent && isSigned ? receipt : undefined;
}

/** Returns the receipt that an event carries, unchecked. */
export function receiptOf({ receipt: signed }: Control): Receipt | undefined {
  if (signed === undefined) return undefined;
  try {
    return decodeReceipt(signed.text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

const partsOf = (receipt: Receipt) =>
  receipt.type === "consent"
    ? { user: receipt.user, device: receipt.device, about: receipt.user }
    : { user: receipt.grantor, device: receipt.grantorDevice, about: receipt.recipient };
