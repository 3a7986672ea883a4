import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { receiptBytes } from "../../crypto/wire/receipt.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import { ownerOf, type Arrived, type Claim, type Owner } from "../device/owner.ts";

/** Returns the claim of an event's receipt: the event's device says whose it is. */
export const claimOfReceipt = (
  { kind, senderDevice: device }: Pick<Deliver, "kind" | "senderDevice">,
  { signer: proof }: Pick<Control, "signer">,
): Claim => ({ device, proof, of: kind === "created" ? "creation" : "act" });

/**
 * Returns who has signed the event's receipt: the event's device, which belongs to the event's actor. Returns
 * undefined if it has not. What the receipt says is checked elsewhere.
 */
export async function signerOf(
  deps: Parameters<typeof ownerOf>[0],
  transaction: ReadTransaction,
  { event, control }: { readonly event: Deliver; readonly control: Control },
  arrived: Arrived,
): Promise<Owner | undefined> {
  const { receipt: signed, actor } = control;
  if (signed === undefined) return undefined;
  const owner = await ownerOf(deps, transaction, claimOfReceipt(event, control), arrived);
  const isSigned =
    owner?.user === actor &&
    verifySignature(receiptBytes(signed.text), signed.signature, owner.receiptKey);
  return isSigned ? owner : undefined;
}
