import { NO_PURPOSE, purposePattern } from "../purpose-of-use.ts";
import { roles, type Role } from "../roles.ts";
import { MOST_ACCOUNTS, MOST_SIGN_INS, type SignInFacts } from "../sign-in-facts.ts";
import type { Resource } from "../rules/default-rules.ts";

/** A fact that the conditions of an added rule may name. */
export interface ConditionFact {
  /** What its value is. A user is an id or `$actor.user`, a role a role or `$actor.role`, a purpose a code or "none". */
  readonly kind: "flag" | "user" | "role" | "purpose" | readonly string[] | Range;
  /** True if the fact is a list of such values. */
  readonly isList?: true;
  /** The actions for which the fact is always known; all actions by default. */
  readonly actions?: readonly string[];
  /** The roles of which the fact is known; all roles by default. */
  readonly roles?: readonly Role[];
}

/** The kind of a whole number from `least` to `most`. */
interface Range {
  readonly least: number;
  readonly most: number;
}

export const isNumber = ({ kind }: ConditionFact): boolean => isRange(kind);

const isRange = (kind: ConditionFact["kind"]): kind is Range =>
  typeof kind === "object" && "least" in kind;

const granting = ["grant_history"];
const changing = ["add_member", "remove_member"];
const members = { kind: "user", isList: true } as const;

/** What the request is for, or "none". Frames of the relay have no purpose, so it is a fact of reads over HTTP only. */
const purpose = { kind: "purpose" } as const;

/** The facts about the sign-in of the actor: see `SignInFacts`. */
const ofSignIn: Readonly<Record<keyof SignInFacts, ConditionFact>> = {
  assurance: { kind: { least: 0, most: 3 }, roles: ["customer"] },
  anonymous: { kind: "flag", roles: ["customer"] },
  newDevice: { kind: "flag" },
  signInVelocity: { kind: { least: 1, most: MOST_SIGN_INS } },
  accountsOnNetwork: { kind: { least: 1, most: MOST_ACCOUNTS } },
};

/** The facts by kind of resource. A fact that is unknown would fulfil `$ne`, so it may not be named. */
export const conditionFacts: {
  readonly [R in Resource]: Readonly<Record<string, ConditionFact>>;
} = {
  conversation: {
    ...ofSignIn,
    state: { kind: ["open", "closed"] },
    createdBy: { kind: "user" },
    members,
    brokenGlass: members,
    teamMembers: { ...members, actions: ["read_members", "add_member", "remove_member"] },
    purpose: { ...purpose, actions: ["read_members", "download", "read_links"] },
    "subject.user": { kind: "user", actions: changing },
    "subject.role": { kind: "role", actions: changing },
    otherRoles: { kind: "role", isList: true, actions: ["create"] },
    hasSibling: { kind: "flag", actions: ["upload"] },
    wasMember: { kind: "flag", actions: ["download"] },
    pack: { kind: ["none", "for_this_device", "for_others"], actions: ["download", "read_links"] },
    "grant.recipient": { kind: "user", actions: granting },
    "grant.covered": { kind: "flag", actions: granting },
    "grant.staffMay": { kind: "flag", actions: granting },
    "grant.consented": { kind: "flag", actions: granting },
  },
  relay: {},
  upload: {
    ...ofSignIn,
    state: { kind: ["uploading", "complete"] },
    conversationState: { kind: ["open", "closed"] },
    members,
  },
  directory: {
    ...ofSignIn,
    user: { kind: "user" },
    role: { kind: "role" },
    staff: { kind: "flag" },
    sharesConversation: { kind: "flag", actions: ["read_devices", "take_bundle"] },
  },
  link: { ...ofSignIn, user: { kind: "user" }, byAsking: { kind: "flag" } },
  audit_log: { purpose },
  account_names: { purpose },
  disclosures: { purpose },
  alerts: {},
  approvals: {},
  second_person: {},
  break_glass: {},
  holds: {},
  cases: {},
  retention: {},
  requests: {},
  erasures: {},
  restrictions: {},
  breaches: {},
  reports: {},
  compliance: {},
  // Those of each account in the list.
  staff_list: { user: { kind: "user" }, role: { kind: "role" } },
  administration: {},
  tenants: {},
  credentials: {},
  notices: {},
  consents: {},
  policy: {},
};

/** Returns why a value cannot be compared with the fact, or undefined if it can. */
export function whyNotComparable({ kind }: ConditionFact, value: unknown): string | undefined {
  if (kind === "flag") return typeof value === "boolean" ? undefined : "must be true or false";
  if (kind === "user")
    return value === "$actor.user" || isUserId(value)
      ? undefined
      : 'must be the id of an account or "$actor.user"';
  if (kind === "purpose")
    return value === NO_PURPOSE || (typeof value === "string" && purposePattern.test(value))
      ? undefined
      : `must be a code of purpose of use, or ${NO_PURPOSE}`;
  if (isRange(kind))
    return Number.isSafeInteger(value) && isWithin(kind, value as number)
      ? undefined
      : `must be a whole number from ${kind.least} to ${kind.most}`;
  const words: readonly string[] = kind === "role" ? [...roles, "$actor.role"] : kind;
  return words.includes(value as string) ? undefined : `must be one of ${words.join(", ")}`;
}

const isWithin = ({ least, most }: Range, value: number): boolean =>
  value >= least && value <= most;

const isUserId = (value: unknown): boolean =>
  typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
