import { createMongoAbility, type MongoAbility } from "@casl/ability";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { isStaff, type Actor, type Role, type Subject } from "./actor.ts";
import {
  conversationRules,
  conversingRoles,
  type ConversationAction,
} from "./conversation-rules.ts";
import { allow, deny, type Decision } from "./decision.ts";

export type { ConversationAction } from "./conversation-rules.ts";

/** What a decision about showing a conversation's past needs to know. */
export interface GrantFacts {
  readonly recipient: Uuid;
  readonly recipientIsMember: boolean;
  /** The grantor was a member throughout the range. */
  readonly covered: boolean;
  /** The tenant lets staff show the past to colleagues. */
  readonly staffMay: boolean;
  /** The consent that the grant names is the last word of the conversation's customer. */
  readonly consented: boolean;
}

/** What a decision about a conversation needs to know, read in the transaction it is for. */
export interface ConversationFacts {
  readonly tenant: Uuid;
  readonly createdBy: Uuid;
  /** Users who are members now; for "create", who shall be, the creator among them. */
  readonly members: readonly Uuid[];
  readonly state: "open" | "closed";
  /** For "add_member" and "remove_member": whom. */
  readonly subject?: Subject | undefined;
  /** For "grant_history": what is to be shown to whom. */
  readonly grant?: GrantFacts | undefined;
  /** For "upload": the actor's account has another device in the conversation. */
  readonly hasSibling?: boolean | undefined;
  /** For "create": every member besides the creator, with the role this tenant knows them by. */
  readonly others?: readonly Subject[] | undefined;
}

/** The facts as the rules' conditions name them. */
interface ConversationSubject extends Omit<ConversationFacts, "others"> {
  readonly kind: "conversation";
  readonly otherRoles: readonly Role[];
  readonly unknownMembers: readonly Uuid[];
}

type ConversationAbility = MongoAbility<[ConversationAction, "conversation" | ConversationSubject]>;

/**
 * Whether `actor` may do `action` to the conversation of `facts`. Denies whatever no rule of the
 * actor's role grants. Pure: the same facts give the same answer.
 */
export function decideConversation(
  actor: Actor,
  action: ConversationAction,
  facts: ConversationFacts,
): Decision {
  const known = new Map((facts.others ?? []).map(({ user, role }) => [user, role]));
  const conversation: ConversationSubject = {
    ...facts,
    kind: "conversation",
    otherRoles: [...known.values()],
    unknownMembers: facts.members.filter((user) => user !== actor.user && !known.has(user)),
  };
  const ability = createMongoAbility<ConversationAbility>(conversationRules(actor), {
    detectSubjectType: () => "conversation",
  });
  const rule = ability.relevantRuleFor(action, conversation);
  return rule === null ? deny(...whyNot(actor, action, facts)) : allow(rule.reason ?? "granted");
}

/** Names every fact that stands in the way, for the audit log; at least one. */
function whyNot(actor: Actor, action: ConversationAction, facts: ConversationFacts): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  const reasons: string[] = [];
  if (!facts.members.includes(actor.user)) reasons.push("not_a_member");
  if (facts.state === "closed" && action !== "read") reasons.push("conversation_closed");
  if (facts.subject !== undefined && !conversingRoles.includes(facts.subject.role))
    reasons.push("subject_not_staff");
  if (facts.others?.some(({ role }) => !conversingRoles.includes(role)) === true)
    reasons.push("subject_not_staff");
  if (facts.grant !== undefined) reasons.push(...whyNotShown(actor, facts.grant));
  reasons.push(`role_${actor.role}`);
  return reasons;
}

function whyNotShown(actor: Actor, grant: GrantFacts): string[] {
  const reasons: string[] = [];
  if (!grant.covered) reasons.push("range_not_visible");
  if (!grant.recipientIsMember) reasons.push("recipient_not_a_member");
  if (!isStaff(actor.role) || grant.recipient === actor.user) return reasons;
  if (!grant.staffMay) reasons.push("staff_grants_off");
  if (!grant.consented) reasons.push("no_consent");
  return reasons;
}
