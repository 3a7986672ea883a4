import { decodeControl, type Control, type EventKind } from "../../crypto/wire/frame.ts";
import type { ConversationId, TenantId } from "../../crypto/wire/ids.ts";
import { actOf, isPossible, membershipAfter } from "../../crypto/wire/membership.ts";
import { isMembershipKind, needsReceipt, receiptFor } from "../../crypto/wire/receipt-checks.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { StoredLink } from "./incoming-job.ts";

/** The members and the epoch at a place of a granted range. */
export type GrantedMembers = Pick<Control, "members" | "epoch">;

/** Returns whether an event lists the members and the epoch after it, whoever caused it. */
export const changesMembers = (kind: EventKind): boolean =>
  isMembershipKind(kind) || kind === "device_added" || kind === "device_removed";

/** Returns whether an event begins an epoch. A message counts only in the epoch that it was sealed for. */
export const beginsEpoch = (kind: EventKind): boolean => changesMembers(kind) && kind !== "closed";

/**
 * Returns the content of a change of the members, or undefined if its list does not count. The first list
 * is taken if the act is possible for it, as in R8. A later one must be what the act makes of the members
 * before it, as in R7. An act of a person must have a receipt about exactly this event. The signature of the
 * receipt is not checked.
 * @param before undefined if the members before the event are not known
 * @param certifiedRole the role in which the authority certifies the actor: see `certifiedRole`
 */
export function changeOf(
  { tenant, conversation }: { readonly tenant: TenantId; readonly conversation: ConversationId },
  before: GrantedMembers | undefined,
  seq: number,
  { kind, senderDevice, epoch, control: encoded }: StoredLink,
  certifiedRole: string | undefined,
): Control | undefined {
  const control = encoded && contentOf(encoded);
  if (control === undefined || kind === "message" || control.epoch !== epoch) return undefined;
  if ((kind === "created") !== (seq === 1)) return undefined;
  const event = { kind, conversation, senderDevice };
  if (needsReceipt(kind) && receiptFor(sha256, tenant, event, control) === undefined)
    return undefined;
  const act = actOf({ kind, senderDevice }, control, certifiedRole);
  if (before === undefined) return isPossible(act) ? control : undefined;
  const after = membershipAfter(before.members, act);
  return after !== undefined && epoch === before.epoch + after.epochStep ? control : undefined;
}

/** Returns undefined for any content that members had to refuse. */
export function contentOf(encoded: Uint8Array): Control | undefined {
  try {
    return decodeControl(encoded);
  } catch {
    return undefined;
  }
}
