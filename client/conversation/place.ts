import { equalBytes } from "../../crypto/wire/bytes.ts";
import { transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { hasDevice, type ConversationState } from "./state.ts";

/** How an event fits to what is known. */
export type Place =
  | { readonly kind: "next" }
  /** Its seq was reached before; its hash must be the recorded one. */
  | { readonly kind: "known" }
  /** Events are left out between what is known and this one. */
  | { readonly kind: "missing"; readonly seq: number }
  /** The hash it came with is not that of the log it continues. */
  | { readonly kind: "forked" };

/**
 * Checks an event's number and recomputes its transcript hash. A device that is not a member sees
 * nothing until an event brings it in; there alone the relay says what hash the log continues from.
 * Should that be a lie, every member's next message will tell.
 */
export function placeOf(
  state: ConversationState | undefined,
  event: Deliver,
  control: Control | undefined,
  ownDevice: Uuid,
): Place {
  const cursor = state?.seq ?? 0;
  if (event.seq <= cursor) return { kind: "known" };
  if (event.seq === cursor + 1) return hashed(event, state?.transcriptHash ?? zeroHash);
  const enters = control !== undefined && hasDevice(control.members, ownDevice);
  if (state?.joined === true || event.previousHash === undefined || !enters)
    return { kind: "missing", seq: cursor + 1 };
  return hashed(event, event.previousHash);
}

function hashed(event: Deliver, previous: Uint8Array): Place {
  const { ciphertext, commitment } = event;
  const computed = transcriptHash(sha256, previous, event, ciphertext, commitment);
  return { kind: equalBytes(computed, event.transcriptHash) ? "next" : "forked" };
}
