import type { RawRuleFrom } from "@casl/ability";
import type { MongoQuery } from "@casl/ability";
import { roles, type Actor, type Role } from "./actor.ts";

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

/** The actor. A decision about a conversation needs no other facts about an actor. */
export type ConversationActor = Pick<Actor, "tenant" | "user" | "role">;

export type ConversationRule = RawRuleFrom<[ConversationAction, "conversation"], MongoQuery>;

/** Staff roles that talk to customers. An admin runs the installation and reads no conversation. */
export const conversingRoles: readonly Role[] = ["agent", "supervisor", "bot"];

const rule = (
  action: ConversationAction | ConversationAction[],
  reason: string,
  conditions: MongoQuery,
): ConversationRule => ({ action, subject: "conversation", reason, conditions });

/**
 * Returns the rules of the actions of `actor` on conversations. Every action that no rule grants is
 * denied. The conditions refer to the facts of `decideConversation`, so they can also be translated
 * to SQL.
 */
export function conversationRules(actor: ConversationActor): ConversationRule[] {
  const tenant = { tenant: actor.tenant };
  const member = { ...tenant, members: actor.user };
  const open = { ...tenant, state: "open" };
  const self = { "subject.user": actor.user, "subject.role": actor.role };
  const staff = { "subject.role": { $in: [...conversingRoles] } };

  // A grant shows only what the grantor's own account has seen, and only to a member.
  const showing = { ...member, "grant.covered": true, "grant.recipientIsMember": true };
  const showingOthers = { ...showing, state: "open" };

  const reading = [
    rule(["read", "read_members"], "member", member),
    // An account that has left may still download an attachment that it could see when the
    // attachment was sent.
    rule("download", "was_member", { ...tenant, wasMember: true, pack: "none" }),
    rule(["download", "read_links"], "granted", { ...member, pack: "for_this_device" }),
    rule(["post", "upload"], "member", { ...member, state: "open" }),
    // An account may see messages on all its devices that it has seen on one, even in a closed
    // conversation.
    rule("upload", "own_device", { ...member, hasSibling: true }),
    rule("grant_history", "own_device", { ...showing, "grant.recipient": actor.user }),
  ];
  const serving = [
    ...reading,
    rule("close", "member", { ...member, state: "open" }),
    rule("remove_member", "leaves", { ...member, state: "open", ...self }),
  ];
  const handingOver = [
    ...serving,
    rule("grant_history", "consented", {
      ...showingOthers,
      "grant.staffMay": true,
      "grant.consented": true,
    }),
    // Who joins signs the members after it, so they must be shown those before.
    rule("read_members", "may_join", open),
    rule("add_member", "joins", { ...open, ...self }),
    rule("add_member", "hands_over", { ...member, state: "open", ...staff }),
  ];

  switch (actor.role) {
    case "customer":
      return [
        ...reading,
        rule("create", "own_conversation", {
          ...open,
          createdBy: actor.user,
          members: actor.user,
          // Every other named user must be an agent, a supervisor or a bot of this tenant.
          unknownMembers: { $size: 0 },
          otherRoles: { $nin: roles.filter((role) => !conversingRoles.includes(role)) },
        }),
        rule("grant_history", "own_conversation", { ...showingOthers, createdBy: actor.user }),
        rule("change_consent", "own_conversation", {
          ...member,
          state: "open",
          createdBy: actor.user,
          consentFaults: { $size: 0 },
        }),
        rule("close", "creator", { ...member, state: "open", createdBy: actor.user }),
      ];
    case "bot":
      return serving;
    case "agent":
      return handingOver;
    case "supervisor":
      return [
        ...handingOver,
        rule(["add_member", "remove_member"], "supervises", { ...open, ...staff }),
      ];
    case "admin":
    case "auditor":
    case "compliance_officer":
      return [];
  }
}
