import { conversingRoles, memberRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

export type ConversationAction =
  | "create"
  | "read"
  | "read_members"
  | "download"
  | "read_links"
  | "add_member"
  | "remove_member"
  | "close"
  | "post"
  | "upload"
  | "grant_history"
  | "change_consent";

const member = { members: "$actor.user" };
const open = { state: "open" };
const brokenGlass = { brokenGlass: "$actor.user" };
// Who is in by break-glass keeps the access to themselves, and it ends with its time.
const byRight = { membersByBreakGlass: { $ne: "$actor.user" } };
const self = { "subject.user": "$actor.user", "subject.role": "$actor.role" };
const staff = { "subject.role": { $in: [...memberRoles] } };

// A grant shows only what the grantor's own account has seen, and only to a member.
const showing = { ...member, "grant.covered": true, "grant.recipientIsMember": true };

/** The conditions refer to the facts of `decideConversation`. */
export const conversationRules: readonly PolicyRule<"conversation", ConversationAction>[] = [
  {
    id: "conversation.read",
    resource: "conversation",
    actions: ["read", "read_members"],
    roles: ["customer", ...memberRoles],
    conditions: member,
    means: "The actor is a member.",
    reason: "member",
  },
  {
    id: "conversation.download",
    resource: "conversation",
    actions: ["download"],
    roles: ["customer", ...memberRoles],
    conditions: { wasMember: true, pack: "none" },
    means: "The actor was a member when the attachment was sent.",
    reason: "was_member",
  },
  {
    id: "conversation.open_grant",
    resource: "conversation",
    actions: ["download", "read_links"],
    roles: ["customer", ...memberRoles],
    conditions: { ...member, pack: "for_this_device" },
    means: "The actor is a member, and the history was granted to this device.",
    reason: "granted",
  },
  {
    id: "conversation.write",
    resource: "conversation",
    actions: ["post", "upload"],
    roles: ["customer", ...conversingRoles],
    conditions: { ...member, ...open },
    means: "The actor is a member, and the conversation is open.",
    reason: "member",
  },
  {
    id: "conversation.share_own",
    resource: "conversation",
    actions: ["upload"],
    roles: ["customer", ...conversingRoles],
    conditions: { ...member, hasSibling: true },
    means: "The actor is a member with another device in the conversation, even if it is closed.",
    reason: "own_device",
  },
  {
    id: "conversation.show_own",
    resource: "conversation",
    actions: ["grant_history"],
    roles: ["customer", ...conversingRoles],
    conditions: { ...showing, "grant.recipient": "$actor.user" },
    means: "A member shows what the account has seen to another device of the account.",
    reason: "own_device",
  },
  {
    id: "conversation.close",
    resource: "conversation",
    actions: ["close"],
    roles: conversingRoles,
    conditions: { ...member, ...open, ...byRight },
    means: "The actor is a member, not by break-glass, and the conversation is open.",
    reason: "member",
  },
  {
    id: "conversation.leave",
    resource: "conversation",
    actions: ["remove_member"],
    roles: conversingRoles,
    conditions: { ...member, ...open, ...self },
    means: "A member leaves an open conversation.",
    reason: "leaves",
  },
  {
    id: "conversation.show_colleague",
    resource: "conversation",
    actions: ["grant_history"],
    roles: ["agent", "supervisor"],
    conditions: {
      ...showing,
      ...open,
      ...byRight,
      "grant.staffMay": true,
      "grant.consented": true,
    },
    means:
      "A member who is not in by break-glass shows what they have seen to another member of an open conversation. The tenant permits it, and the customer has consented.",
    reason: "consented",
  },
  {
    id: "conversation.read_members_by_break_glass",
    resource: "conversation",
    actions: ["read_members"],
    roles: ["agent", "supervisor"],
    conditions: brokenGlass,
    means: "The actor has access in an emergency, which two people approved.",
    reason: "break_glass",
  },
  {
    id: "conversation.break_glass",
    resource: "conversation",
    actions: ["add_member"],
    roles: ["agent", "supervisor"],
    conditions: { ...brokenGlass, ...open, ...self },
    means:
      "The actor joins an open conversation, with access in an emergency that two people approved.",
    reason: "break_glass",
  },
  {
    id: "conversation.leave_after_break_glass",
    resource: "conversation",
    actions: ["remove_member"],
    roles: ["agent", "supervisor"],
    conditions: { ...open, ...self, lapsed: "$actor.user" },
    means: "The actor's access in an emergency is over, and the actor leaves an open conversation.",
    reason: "leaves",
  },
  {
    id: "conversation.read_members_to_leave",
    resource: "conversation",
    actions: ["read_members"],
    roles: ["agent", "supervisor"],
    conditions: { ...open, lapsed: "$actor.user" },
    means:
      "The actor's access in an emergency is over, and the actor may leave an open conversation.",
    reason: "leaves",
  },
  {
    id: "conversation.read_members_to_join",
    resource: "conversation",
    actions: ["read_members"],
    roles: ["agent", "supervisor"],
    // Who joins signs the members after it, so they must be shown those before.
    conditions: open,
    means: "The conversation is open, so the actor may join it.",
    reason: "may_join",
  },
  {
    id: "conversation.join",
    resource: "conversation",
    actions: ["add_member"],
    roles: ["agent", "supervisor"],
    conditions: { ...open, ...self },
    means: "The actor joins an open conversation.",
    reason: "joins",
  },
  {
    id: "conversation.hand_over",
    resource: "conversation",
    actions: ["add_member"],
    roles: ["agent", "supervisor"],
    conditions: { ...member, ...open, ...staff, ...byRight },
    means:
      "A member who is not in by break-glass adds an agent, a supervisor, a bot or an archiver to an open conversation.",
    reason: "hands_over",
  },
  {
    id: "conversation.begin",
    resource: "conversation",
    actions: ["create"],
    roles: ["customer"],
    conditions: {
      ...open,
      ...member,
      createdBy: "$actor.user",
      unknownMembers: { $size: 0 },
      otherRoles: { $nin: roles.filter((role) => !memberRoles.includes(role)) },
    },
    means: "The customer begins it with agents, supervisors, bots or archivers of the same tenant.",
    reason: "own_conversation",
  },
  {
    id: "conversation.show_as_customer",
    resource: "conversation",
    actions: ["grant_history"],
    roles: ["customer"],
    conditions: { ...showing, ...open, createdBy: "$actor.user" },
    means: "The customer shows what they have seen of their own open conversation to a member.",
    reason: "own_conversation",
  },
  {
    id: "conversation.consent",
    resource: "conversation",
    actions: ["change_consent"],
    roles: ["customer"],
    conditions: { ...member, ...open, createdBy: "$actor.user", consentFaults: { $size: 0 } },
    means:
      "The customer gives or withdraws consent in their own open conversation, and that changes it.",
    reason: "own_conversation",
  },
  {
    id: "conversation.close_own",
    resource: "conversation",
    actions: ["close"],
    roles: ["customer"],
    conditions: { ...member, ...open, createdBy: "$actor.user" },
    means: "The customer closes their own open conversation.",
    reason: "creator",
  },
  {
    id: "conversation.supervise",
    resource: "conversation",
    actions: ["add_member", "remove_member"],
    roles: ["supervisor"],
    // Otherwise a supervisor would join without break-glass where other staff need it.
    conditions: { ...open, ...staff, ...byRight, "subject.user": { $ne: "$actor.user" } },
    means:
      "The subject is another agent, supervisor, bot or archiver. The conversation is open, and the actor is not in by break-glass.",
    reason: "supervises",
  },
];
