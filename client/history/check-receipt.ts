import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { receiptBytes, type Receipt } from "../../crypto/wire/receipt.ts";
import { receiptFor } from "../../crypto/wire/receipt-checks.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { sha256, verifySignature } from "../../crypto/device/sodium.ts";

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
  const receipt = receiptFor(sha256, tenant, event, control);
  const isOfMember = members.some(({ user }) => user === subject);
  const isSigned = verifySignature(receiptBytes(signed.text), signed.signature, signer.receiptKey);
  return isOfMember && isSigned ? receipt : undefined;
}
