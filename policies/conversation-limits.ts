import { wireLimits } from "../crypto/wire/frame.ts";

/** The number of conversations that may be open at the same time. */
export interface OpenConversationLimits {
  /** Begun by one customer. */
  readonly perCustomer: number;
  /** The limit of open conversations with one member, begun by any user. */
  readonly perMember: number;
}

/** The member devices that one message can be sealed for, and the device that sends it. */
export const MAX_MEMBER_DEVICES = wireLimits.packets + 1;

/**
 * The members of a conversation, with and without devices. With so many, every membership event stays
 * within its size limit, whatever receipt or creation record it carries.
 */
export const MAX_MEMBERS = 1_000;

/** The state before a conversation begins or a member is added. */
export interface RoomFacts {
  /** Open conversations that the creator began; 0 if none begins. */
  readonly begun: number;
  /**
   * The number of open conversations of the new member who has the most. A count may stop at the
   * limit.
   */
  readonly ofMember: number;
  /** Devices of all members, with those of the new ones. */
  readonly devices: number;
  /** All members, with the new ones. */
  readonly members: number;
}

/** The limit that would be exceeded. */
export type ExceededLimit =
  "customer_conversations" | "member_conversations" | "member_devices" | "members";

/**
 * Decides whether there is room for one more conversation or member. These limits keep one customer
 * from filling the list of a member of staff, and a conversation from getting too large to write
 * in. It is a pure function.
 */
export function exceededLimit(
  { begun, ofMember, devices, members }: RoomFacts,
  { perCustomer, perMember }: OpenConversationLimits,
): ExceededLimit | undefined {
  if (devices > MAX_MEMBER_DEVICES) return "member_devices";
  if (members > MAX_MEMBERS) return "members";
  if (begun >= perCustomer) return "customer_conversations";
  if (ofMember >= perMember) return "member_conversations";
  return undefined;
}
