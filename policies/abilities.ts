import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import { isArchiver, isStaff, memberRoles, type Actor, type Role, type Subject } from "./actor.ts";
import { consentFaults, type ConsentChange } from "./consents.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";
import { decideOpening } from "./restrictions.ts";
import type { ConversationAction } from "./rules/conversation.ts";

export type { ConversationAction } from "./rules/conversation.ts";

/** The actor. A decision about a conversation needs no other facts about an actor. */
export type ConversationActor = Pick<
  Actor,
  "tenant" | "user" | "role" | "policy" | "signIn" | "purpose" | "purposeSetting"
>;

/**
 * Facts for a decision about granting history: the grantor, the recipient and the earlier messages.
 */
export interface GrantFacts {
  readonly recipient: UserId;
  readonly recipientIsMember: boolean;
  /** The grantor was a member during the whole range. */
  readonly covered: boolean;
  /** The tenant permits staff to show earlier messages to colleagues. */
  readonly staffMay: boolean;
  /** The grant names the consent of the conversation's customer that is in force, or the tenant demands none. */
  readonly consented: boolean;
}

/**
 * Facts for a decision about a conversation. Read them in the transaction of the act that is
 * decided.
 */
export interface ConversationFacts {
  readonly tenant: TenantId;
  readonly createdBy: UserId;
  /** Users who are members now. For "create": users who will be members, including the creator. */
  readonly members: readonly UserId[];
  readonly state: "open" | "closed";
  /** Users who have access in an emergency now. */
  readonly brokenGlass?: readonly UserId[] | undefined;
  /** Members whose membership began with such an access, and counts as long as it lasts. */
  readonly membersByBreakGlass?: readonly UserId[] | undefined;
  /** The accounts of staff in the team with which the conversation is classified now. */
  readonly teamMembers?: readonly UserId[] | undefined;
  /** Users whose membership counts no more, because it began with such an access, which is over. */
  readonly lapsed?: readonly UserId[] | undefined;
  /**
   * Who may open what is in the conversation, if its processing is restricted: the custodians of the holds that cover it.
   */
  readonly restrictedTo?: readonly UserId[] | undefined;
  /** The user to add or remove, for "add_member" and "remove_member". */
  readonly subject?: Subject | undefined;
  /** The messages to be shown, and their recipient, for "grant_history". */
  readonly grant?: GrantFacts | undefined;
  /** The consent, for "change_consent". */
  readonly consent?: ConsentChange | undefined;
  /**
   * Whether the actor is a member, or was one when the attachment entered the log, for "download".
   */
  readonly wasMember?: boolean | undefined;
  /** Whether it belongs to a history grant, and to whose, for "download" and "read_links". */
  readonly pack?: "none" | "for_this_device" | "for_others" | undefined;
  /** Whether the actor's account has another device in the conversation, for "upload". */
  readonly hasSibling?: boolean | undefined;
  /** Every member except the creator, with their role in this tenant, for "create". */
  readonly others?: readonly Subject[] | undefined;
  /** Whether the customer's consent to archiving is in force, or the tenant demands none. Unknown counts as no. */
  readonly mayArchive?: boolean | undefined;
}

/** The facts under the names that the conditions of the rules use. */
interface ConversationSubject extends Omit<ConversationFacts, "others"> {
  readonly brokenGlass: readonly UserId[];
  readonly lapsed: readonly UserId[];
  readonly membersByBreakGlass: readonly UserId[];
  readonly teamMembers: readonly UserId[];
  /** What forbids the consent. */
  readonly consentFaults: readonly string[];
  readonly otherRoles: readonly Role[];
  readonly unknownMembers: readonly UserId[];
}

/** Returns the facts as the conditions of the rules name them. */
export function conversationSubject(
  actor: Pick<ConversationActor, "user">,
  facts: ConversationFacts,
): ConversationSubject {
  const known = new Map((facts.others ?? []).map(({ user, role }) => [user, role]));
  return {
    ...facts,
    brokenGlass: facts.brokenGlass ?? [],
    lapsed: facts.lapsed ?? [],
    membersByBreakGlass: facts.membersByBreakGlass ?? [],
    teamMembers: facts.teamMembers ?? [],
    consentFaults: consentFaults(facts.consent),
    otherRoles: [...known.values()],
    unknownMembers: facts.members.filter((user) => user !== actor.user && !known.has(user)),
  };
}

/**
 * Decides whether `actor` may do `action` to the conversation that `facts` describe. Denies everything
 * that no rule of the actor's role grants. Pure: the same facts give the same decision.
 */
export function decideConversation(
  actor: ConversationActor,
  action: ConversationAction,
  facts: ConversationFacts,
): Decision {
  const subject = conversationSubject(actor, facts);
  const rule = grantingRule(actor, "conversation", action, subject);
  if (rule !== undefined && archivesUnasked(action, facts)) return deny(NO_ARCHIVING_CONSENT);
  if (rule !== undefined) return unlessRestricted(actor, action, facts, allow(rule.reason));
  const missing = missingEvidence(actor, "conversation", action, subject);
  return deny(...whyNot(actor, action, facts), ...missing);
}

/** Why no archiver is added to a conversation whose customer does not consent to archiving. */
export const NO_ARCHIVING_CONSENT = "no_archiving_consent";

/** Returns whether the action adds a program that keeps records, without the consent to it. No rule of a tenant allows that. */
function archivesUnasked(
  action: ConversationAction,
  { subject, others, mayArchive }: ConversationFacts,
): boolean {
  if (mayArchive === true) return false;
  if (action === "create") return others?.some(({ role }) => isArchiver(role)) === true;
  return action === "add_member" && subject !== undefined && isArchiver(subject.role);
}

/** The actions that change nothing. Nothing changes in a conversation whose processing is restricted. */
const reading: readonly ConversationAction[] = ["read", "download", "read_links"];

/** Returns the decision, unless the processing of the conversation is restricted. Its members remain visible. */
function unlessRestricted(
  actor: ConversationActor,
  action: ConversationAction,
  { restrictedTo }: ConversationFacts,
  decision: Decision,
): Decision {
  if (restrictedTo === undefined || action === "read_members") return decision;
  const opening = decideOpening(actor, reading.includes(action) ? restrictedTo : []);
  return opening.allowed ? decision : opening;
}

/** The actions that remain possible in a closed conversation. */
const whenClosed: readonly ConversationAction[] = [
  "read",
  "read_members",
  "download",
  "read_links",
];

/** The actions that nobody does who is in by break-glass. */
const notByBreakGlass: readonly ConversationAction[] = [
  "add_member",
  "remove_member",
  "grant_history",
  "close",
];

/** Lists every fact that prevents the action, at least one, for the audit log. */
function whyNot(
  actor: ConversationActor,
  action: ConversationAction,
  facts: ConversationFacts,
): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  const reasons: string[] = [];
  if (!facts.members.includes(actor.user)) reasons.push("not_a_member");
  if (facts.lapsed?.includes(actor.user) === true) reasons.push("access_ended");
  const isByBreakGlass = facts.membersByBreakGlass?.includes(actor.user) === true;
  if (isByBreakGlass && notByBreakGlass.includes(action)) reasons.push("member_by_break_glass");
  if (facts.state === "closed" && !whenClosed.includes(action)) reasons.push("conversation_closed");
  if (facts.pack === "for_others") reasons.push("granted_to_others");
  if (facts.subject !== undefined && !memberRoles.includes(facts.subject.role))
    reasons.push("subject_not_staff");
  if (facts.others?.some(({ role }) => !memberRoles.includes(role)) === true)
    reasons.push("subject_not_staff");
  if (facts.grant !== undefined) reasons.push(...whyNotShown(actor, facts.grant));
  reasons.push(...consentFaults(facts.consent), `role_${actor.role}`);
  return reasons;
}

function whyNotShown(actor: ConversationActor, grant: GrantFacts): string[] {
  const reasons: string[] = [];
  if (!grant.covered) reasons.push("range_not_visible");
  if (!grant.recipientIsMember) reasons.push("recipient_not_a_member");
  if (!isStaff(actor.role) || grant.recipient === actor.user) return reasons;
  if (!grant.staffMay) reasons.push("staff_grants_off");
  if (!grant.consented) reasons.push("no_consent");
  return reasons;
}
