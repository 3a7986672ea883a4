import { equalBytes } from "../../crypto/wire/bytes.ts";
import { transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import type { Control, Deliver, Gap } from "../../crypto/wire/frame.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { hasDevice, type ConversationState } from "./state.ts";

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
 * Checks an event's seq and recomputes its transcript hash. A device that is not a member sees
 * nothing until an event adds it. At that event and after a gap, the log continues from the hash that
 * the relay says the event before had. If it is false, every member's next message reveals it.
 */
export function classifyEvent(
  state: ConversationState | undefined,
  event: Deliver,
  control: Control | undefined,
  ownDevice: DeviceId,
): SequenceCheck {
  const cursor = state?.seq ?? 0;
  if (event.seq <= cursor) return { kind: "known" };
  if (event.seq === 1) return hashed(event, zeroHash);
  if (event.seq === cursor + 1 && state?.afterGap === false)
    return hashed(event, state.transcriptHash);
  if (event.seq > cursor + 1 && !(mayBeAway(state) && enters(event, control, ownDevice)))
    return { kind: "missing", seq: cursor + 1 };
  return hashed(event, event.previousHash);
}

/**
 * Returns whether this device may be no member. The event that ended its membership may lie in a gap, or
 * be malformed.
 */
const mayBeAway = (state: ConversationState | undefined): boolean =>
  state?.joined !== true || state.afterGap || state.malformed;

/** Returns whether the event may make the device a member. */
const enters = (
  { kind }: Pick<Deliver, "kind">,
  control: Control | undefined,
  ownDevice: DeviceId,
): boolean =>
  (kind === "member_added" || kind === "device_added") &&
  control !== undefined &&
  hasDevice(control.members, ownDevice);

/**
 * Returns the relation of a gap to the known log. `from` is the first event that is missing here.
 */
export function classifyGap(
  state: ConversationState | undefined,
  { from, to }: Pick<Gap, "from" | "to">,
):
  | { readonly kind: "next"; readonly from: number }
  | Exclude<SequenceCheck, { readonly kind: "next" }> {
  const cursor = state?.seq ?? 0;
  if (to <= cursor) return { kind: "known" };
  if (from > cursor + 1 && !mayBeAway(state)) return { kind: "missing", seq: cursor + 1 };
  return { kind: "next", from: Math.max(from, cursor + 1) };
}

/** @param previous the hash that the event must continue */
function hashed(event: Deliver, previous: Uint8Array): SequenceCheck {
  const { ciphertext, commitment, previousHash } = event;
  const computed = transcriptHash(sha256, previous, event, ciphertext, commitment);
  const continues =
    equalBytes(previousHash, previous) && equalBytes(computed, event.transcriptHash);
  return { kind: continues ? "next" : "forked" };
}
