import { equalBytes } from "../../crypto/wire/bytes.ts";
import { transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import type { Control, Deliver, Gap } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { hasDevice, type ConversationState } from "./state.ts";

/** How an event fits to what is known. */
export type SequenceCheck =
  | { readonly kind: "next" }
  /** Its seq was reached before; its hash must be the recorded one. */
  | { readonly kind: "known" }
  /** Events are left out between what is known and this one. */
  | { readonly kind: "missing"; readonly seq: number }
  /** The hash it came with is not that of the log it continues. */
  | { readonly kind: "forked" };

/**
 * Checks an event's number and recomputes its transcript hash. A device that is not a member sees
 * nothing until an event brings it in; there, and after a gap, the relay says what hash the log
 * continues from. Should that be a lie, every member's next message will tell.
 */
export function checkSequence(
  state: ConversationState | undefined,
  event: Deliver,
  control: Control | undefined,
  ownDevice: Uuid,
): SequenceCheck {
  const cursor = state?.seq ?? 0;
  if (event.seq <= cursor) return { kind: "known" };
  if (event.seq === cursor + 1 && state?.afterGap !== true)
    return hashed(event, state?.transcriptHash ?? zeroHash);
  const enters = control !== undefined && hasDevice(control.members, ownDevice);
  if (event.seq > cursor + 1 && (state?.joined === true || !enters))
    return { kind: "missing", seq: cursor + 1 };
  // Where the event before is gone, this one's own hash is where the chain begins.
  return event.previousHash === undefined ? { kind: "next" } : hashed(event, event.previousHash);
}

/** How a gap fits to what is known; `from` is the first event that is missing here. */
export function checkGapSequence(
  state: ConversationState | undefined,
  { from, to }: Pick<Gap, "from" | "to">,
):
  | { readonly kind: "next"; readonly from: number }
  | Exclude<SequenceCheck, { readonly kind: "next" }> {
  const cursor = state?.seq ?? 0;
  if (to <= cursor) return { kind: "known" };
  if (from > cursor + 1 && state?.joined === true) return { kind: "missing", seq: cursor + 1 };
  return { kind: "next", from: Math.max(from, cursor + 1) };
}

function hashed(event: Deliver, previous: Uint8Array): SequenceCheck {
  const { ciphertext, commitment } = event;
  const computed = transcriptHash(sha256, previous, event, ciphertext, commitment);
  return { kind: equalBytes(computed, event.transcriptHash) ? "next" : "forked" };
}
