/** Which event a receipt belongs to. The server and every device judge it by these functions. */
import { equalBytes } from "./bytes.ts";
import type { Sha256 } from "./event.ts";
import type { Control, Deliver, EventKind } from "./frame.ts";
import type { TenantId } from "./ids.ts";
import {
  decodeReceipt,
  membershipKinds,
  type LogPoint,
  type MembershipKind,
  type Receipt,
} from "./receipt.ts";
import { membersBytes } from "./signed-records.ts";
import { WireError } from "./wire-error.ts";

/** An event, as far as its receipt names it. */
export type ReceiptEvent = Pick<Deliver, "kind" | "conversation" | "senderDevice">;

/** What is known of the log at the place of a receipt's event. */
export interface Place {
  /** The number of the event. */
  readonly seq: number;
  /** The number of the last event before it that is not a message, as far as it is known, or 0. */
  readonly changedAt: number;
  /** The transcript hash of the event that the receipt follows; undefined if it is not known. */
  readonly hash: Uint8Array | undefined;
}

/**
 * Returns whether a receipt may stand here: no event other than a message lies between the event that
 * it follows and its own, and that event has the hash that the signer saw. So a receipt counts at one
 * place of one log. A replayed one follows its own first appearance.
 */
export const isInPlace = ({ seq, hash }: LogPoint, place: Place): boolean =>
  seq < place.seq &&
  // The first event is the creation.
  seq >= Math.max(place.changedAt, place.seq > 1 ? 1 : 0) &&
  (place.hash === undefined || equalBytes(place.hash, hash));

/** Returns whether a person acts, and not the server in the name of a device's owner. */
export const needsReceipt = (kind: EventKind): boolean =>
  kind !== "message" && kind !== "device_added" && kind !== "device_removed";

/** Returns whether the act changes only the members or the state of the conversation. */
export const isMembershipKind = (kind: EventKind): kind is MembershipKind =>
  membershipKinds.some((each) => each === kind);

/**
 * Returns the receipt of an event if it is about exactly what the event does. Its signature and its
 * place are not checked. Returns undefined otherwise.
 */
export function receiptFor(
  sha256: Sha256,
  tenant: TenantId,
  event: ReceiptEvent,
  control: Control,
): Receipt | undefined {
  const receipt = receiptOf(control);
  if (receipt?.tenant !== tenant || receipt.conversation !== event.conversation) return undefined;
  const { kind, user, device, subject } = actIn(receipt);
  const isOfEvent =
    kind === event.kind &&
    user === control.actor &&
    device === event.senderDevice &&
    subject === control.subject;
  return isOfEvent && isOfMembers(sha256, receipt, control) ? receipt : undefined;
}

/** Returns the receipt that an event carries, unchecked. */
export function receiptOf({ receipt: signed }: Pick<Control, "receipt">): Receipt | undefined {
  if (signed === undefined) return undefined;
  try {
    return decodeReceipt(signed.text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

/** Returns the act that a receipt signs, its author, and the user whom it is about. */
export function actIn(receipt: Receipt) {
  switch (receipt.type) {
    case "membership": {
      const { kind, actor: user, actorDevice: device, subject } = receipt;
      return { kind, user, device, subject };
    }
    case "history_grant": {
      const { grantor: user, grantorDevice: device, recipient: subject } = receipt;
      return { kind: "history_granted" as const, user, device, subject };
    }
    case "consent": {
      const { user, device } = receipt;
      return { kind: "consent_changed" as const, user, device, subject: user };
    }
  }
}

/** Returns whether a receipt of a membership act is about these members and this epoch. */
const isOfMembers = (
  sha256: Sha256,
  receipt: Receipt,
  { members, epoch }: Pick<Control, "members" | "epoch">,
): boolean =>
  receipt.type !== "membership" ||
  (receipt.epoch === epoch && equalBytes(receipt.members, sha256(membersBytes(members))));
