import { equalBytes } from "../../crypto/wire/bytes.ts";
import { transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import type { Control, Deliver, Gap } from "../../crypto/wire/frame.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { Self } from "./history.ts";
import { makesMember } from "./makes-member.ts";
import type { ConversationState } from "./state.ts";

/** The relation of an event to the known log. */
export type SequenceCheck =
  | { readonly kind: "next" }
  /** Its seq is not new. Its hash must be the recorded one. */
  | { readonly kind: "known" }
  /** Events are missing between the last known event and this one. */
  | { readonly kind: "missing"; readonly seq: number }
  /** Its hash does not continue the known log. */
  | { readonly kind: "forked" };

/**
 * Checks an event's seq and recomputes its transcript hash (rules R2 to R4). A device that is not a member sees
 * nothing until an event makes it one. At that event and after a gap, the log continues from the hash
 * that the relay says the event before had. If it is false, every member's next message reveals it.
 */
export function classifyEvent(
  state: ConversationState | undefined,
  event: Deliver,
  control: Control | undefined,
  self: Self,
): SequenceCheck {
  const cursor = state?.seq ?? 0;
  if (event.seq <= cursor) return { kind: "known" };
  if (event.seq === 1) return hashed(event, zeroHash);
  if (event.seq === cursor + 1 && state?.afterGap === false)
    return hashed(event, state.transcriptHash);
  const isDue =
    event.seq === cursor + 1 || (control !== undefined && makesMember(state, event, control, self));
  return isDue ? hashed(event, event.previousHash) : { kind: "missing", seq: cursor + 1 };
}

/**
 * Returns the events that the relay passed over before an event or a gap that comes next (R5). It says with
 * that that this device was no member then. A device that knows of no end of its membership records
 * them.
 */
export function passedOver(
  state: ConversationState | undefined,
  seq: number,
): Pick<Gap, "from" | "to"> | undefined {
  if (state?.joined !== true || seq <= state.seq + 1) return undefined;
  return { from: state.seq + 1, to: seq - 1 };
}

/**
 * Returns the relation of a gap to the known log (R20 to R22). `from` is the first event that is missing
 * here. A device whose membership may have ended in an earlier gap does not see the events up to the next
 * one.
 */
export function classifyGap(
  state: ConversationState | undefined,
  { from, to }: Pick<Gap, "from" | "to">,
):
  | { readonly kind: "next"; readonly from: number }
  | Exclude<SequenceCheck, { readonly kind: "next" }> {
  const cursor = state?.seq ?? 0;
  if (to <= cursor) return { kind: "known" };
  if (state?.joined !== true) return { kind: "next", from: Math.max(from, cursor + 1) };
  const mayHaveLeft = state.afterGap || state.malformed;
  if (from > cursor + 1 && !mayHaveLeft) return { kind: "missing", seq: cursor + 1 };
  return { kind: "next", from: cursor + 1 };
}

/** @param previous the hash that the event must continue */
function hashed(event: Deliver, previous: Uint8Array): SequenceCheck {
  const { ciphertext, commitment, previousHash } = event;
  const computed = transcriptHash(sha256, previous, event, ciphertext, commitment);
  const continues =
    equalBytes(previousHash, previous) && equalBytes(computed, event.transcriptHash);
  return { kind: continues ? "next" : "forked" };
}
