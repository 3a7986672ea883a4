/** Which entries of the audit log are disclosures of what concerns a person: 45 CFR 164.528. */
import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";

/**
 * How an act counts, if the tenant leaves out what serves treatment, payment and health care operations
 * (164.528(a)(1)(i)):
 * - "always": it is listed, whatever its purpose.
 * - "unless_exempt": it is listed, unless its stated purpose is one of these.
 * - "operations": by its kind it is one of these, so it is listed only if another purpose is stated.
 */
type Counting = "always" | "unless_exempt" | "operations";

/** The purposes of use for treatment, payment and health care operations (45 CFR 164.501). */
const exemptPurposes: readonly string[] = ["TREAT", "ETREAT", "HPAYMT", "COVERAGE", "HOPERAT"];

/** The acts that show a person's information to somebody, by their names in the log, and what they show. */
export const disclosingActs = {
  "break_glass.use": {
    counting: "always",
    shown: "messages of a conversation, by access in an emergency",
  },
  "conversation.create": { counting: "always", shown: "messages of a conversation, to an archive" },
  "conversation.add_member": { counting: "operations", shown: "messages of a conversation" },
  "history.grant": { counting: "operations", shown: "earlier messages of a conversation" },
  "attachment.read": { counting: "operations", shown: "an attachment" },
  "conversation.read": { counting: "operations", shown: "members and state of a conversation" },
  "conversation.list": { counting: "operations", shown: "members and state of a conversation" },
  "audit.read_names": { counting: "operations", shown: "names of the account" },
  "audit.search": { counting: "operations", shown: "entries of the audit log about the person" },
  "audit.export": { counting: "unless_exempt", shown: "entries of the audit log about the person" },
  "audit.read_disclosures": { counting: "operations", shown: "this accounting" },
} as const satisfies Readonly<
  Record<string, { readonly counting: Counting; readonly shown: string }>
>;

export type DisclosingAction = keyof typeof disclosingActs;

/** What an accounting needs of an entry of the log. */
export interface LoggedAct {
  readonly index: number;
  /** Milliseconds since the Unix epoch. */
  readonly occurredAtMs: number;
  readonly action: string;
  readonly actor: {
    readonly id: string;
    /** The person who acted as the operator. */
    readonly person?: { readonly name: string; readonly purpose?: string | undefined } | undefined;
  };
  readonly subject?: string | undefined;
  readonly resource: { readonly id: string };
  readonly purpose?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Disclosures of one kind to one recipient, for one purpose: 164.528(b)(2) and (3). */
export interface Disclosure {
  readonly action: DisclosingAction;
  /** The account that received the information, or "operator". */
  readonly recipient: string;
  /** What was shown, in a few words. */
  readonly shown: string;
  /** The conversation whose content or members were shown. */
  readonly conversation: string | null;
  /** The purpose of use that was stated, or that of a history grant; null if none was. */
  readonly purpose: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
  /** The index of the first entry in the log. */
  readonly index: number;
}

export interface Accounting {
  /** In the order of the first disclosure of each. */
  readonly disclosures: readonly Disclosure[];
  /** Acts that are left out because they serve treatment, payment or health care operations. */
  readonly leftOut: number;
}

/** Decides whether `actor` may read the accounting of disclosures of a person of `tenant`. Pure. */
export function decideDisclosureReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "disclosures", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  return deny(`role_${actor.role}`, ...missingEvidence(actor, "disclosures", "read", { tenant }));
}

/**
 * Returns the accounting of the disclosures about a person. What the person showed, or was shown, is none
 * (164.528(a)(1)(ii)). Pure.
 * @param acts the entries of acts that succeeded, in any order, each once
 * @param options.includesOperations whether the tenant also lists what 164.528(a)(1)(i) exempts
 */
export function accountFor(
  person: UserId,
  acts: readonly LoggedAct[],
  { includesOperations }: { readonly includesOperations: boolean },
): Accounting {
  const rows = new Map<string, Disclosure>();
  let leftOut = 0;
  for (const act of acts.toSorted((one, other) => one.index - other.index))
    for (const disclosure of disclosuresOf(person, act)) {
      if (!includesOperations && isExempt(act, disclosure)) {
        leftOut++;
        continue;
      }
      const { action, recipient, conversation, purpose } = disclosure;
      const key = JSON.stringify([action, recipient, conversation, purpose]);
      const before = rows.get(key);
      rows.set(
        key,
        before === undefined
          ? disclosure
          : { ...before, lastAtMs: act.occurredAtMs, count: before.count + 1 },
      );
    }
  return { disclosures: [...rows.values()], leftOut };
}

function disclosuresOf(person: UserId, act: LoggedAct): readonly Disclosure[] {
  const { action, occurredAtMs, index, resource } = act;
  if (!isDisclosing(action)) return [];
  const isOfConversation = !action.startsWith("audit.");
  return recipientsOf(person, act)
    .filter((recipient) => recipient !== person)
    .map((recipient) => ({
      action,
      recipient,
      shown: isOfArchive(act)
        ? disclosingActs["conversation.create"].shown
        : disclosingActs[action].shown,
      conversation: isOfConversation ? resource.id : null,
      purpose: purposeOf(act) ?? null,
      firstAtMs: occurredAtMs,
      lastAtMs: occurredAtMs,
      count: 1,
      index,
    }));
}

const isDisclosing = (action: string): action is DisclosingAction =>
  Object.hasOwn(disclosingActs, action);

/**
 * Returns the act once for each of `conversations` that its entry lists. An entry of `conversation.list` is about many
 * conversations, and a disclosure about one. Pure.
 */
export function actsByConversation(
  act: LoggedAct,
  conversations: ReadonlySet<string>,
): readonly LoggedAct[] {
  const shown = listed(act.details?.["conversations"]).filter((id) => conversations.has(id));
  return shown.map((id) => ({ ...act, resource: { id } }));
}

/** Returns who is shown something about the person by the act. */
function recipientsOf(person: UserId, act: LoggedAct): readonly string[] {
  const { action, actor, subject, details = {} } = act;
  switch (action) {
    case "conversation.create":
      return listed(details["archivers"]);
    case "conversation.add_member":
      // `break_glass.use` says the same.
      return details["breakGlass"] === undefined ? [subject ?? actor.id] : [];
    case "history.grant":
      // A person may show what they have to whom they like. A grant to oneself shows nobody anything new.
      return actor.id === person || subject === actor.id || subject === undefined ? [] : [subject];
    case "audit.read_names":
      return listed(details["accounts"]).includes(person) ? [actor.id] : [];
    case "audit.search":
    case "audit.export":
      return details["subject"] === person ? [actor.id] : [];
    case "audit.read_disclosures":
      return subject === person ? [actor.id] : [];
    default:
      return [actor.id];
  }
}

const listed = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

/** An archive is outside of what a member of staff does for the person. */
const isOfArchive = ({ action, details }: LoggedAct): boolean =>
  action === "conversation.add_member" && details?.["role"] === "archiver";

/** Returns the purpose that the act names. That of a history grant is not a code of HL7. */
function purposeOf({ purpose, actor, details }: LoggedAct): string | undefined {
  const granted = details?.["purpose"];
  return purpose ?? actor.person?.purpose ?? (typeof granted === "string" ? granted : undefined);
}

/** Returns whether 164.528(a)(1)(i) exempts the disclosure. */
function isExempt(act: LoggedAct, { action }: Disclosure): boolean {
  const counting: Counting = isOfArchive(act) ? "always" : disclosingActs[action].counting;
  const stated = act.purpose ?? act.actor.person?.purpose;
  switch (counting) {
    case "always":
      return false;
    case "unless_exempt":
      return stated !== undefined && exemptPurposes.includes(stated);
    case "operations":
      return stated === undefined || exemptPurposes.includes(stated);
  }
}

/**
 * Returns the beginning of the six years before a time (164.528(a)(1)), in milliseconds since the Unix epoch. The years are those of the calendar in UTC. Pure.
 */
export function sixYearsBefore(untilMs: number): number {
  const date = new Date(untilMs);
  const month = date.getUTCMonth();
  date.setUTCFullYear(date.getUTCFullYear() - 6);
  // Six years before 29 February there may be no such day. Then it is the last day of February.
  if (date.getUTCMonth() !== month) date.setUTCDate(0);
  return date.getTime();
}
