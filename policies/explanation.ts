import { decideConversation, conversationSubject, type ConversationFacts } from "./abilities.ts";
import type { Actor } from "./actor.ts";
import { decideAlerts } from "./alerts.ts";
import { decideAuditReading } from "./audit-access.ts";
import { decideApprovals } from "./approvals.ts";
import type { Decision } from "./decision.ts";
import { decideDirectory, directorySubject, type DirectoryFacts } from "./directory.ts";
import { isForDevice, isForRole } from "./actor-rules.ts";
import { askedFacts, grantingRule, type Facts } from "./granting-rule.ts";
import { listingRule } from "./lists/allowed-rows.ts";
import { decideLinking, type LinkFacts } from "./linking.ts";
import { decideNameReading } from "./name-access.ts";
import { decidePolicyAct, policySubject, type PolicyFacts } from "./policy-access.ts";
import { decideDisclosureReading } from "./disclosures.ts";
import { decideRelay, type RelayFacts } from "./relay-access.ts";
import type { ActionsOf, Resource } from "./rules/default-rules.ts";
import type { PolicyRule } from "./rules/rule.ts";
import { decideStaffList } from "./staff-list.ts";
import { decideUpload, type UploadFacts } from "./uploads.ts";
import { approversNeeded } from "./versions/demands.ts";

/**
 * The resources whose decisions are explained. Programs with a key have their own. No version changes who
 * may do what with the credentials of an account, with access in an emergency, with requests for a second person, with
 * legal holds, with retention, with cases, with erasures, restrictions, breaches and reports, with compliance, with what people ask for by
 * law, or with notices and consents.
 */
export type ExplainedResource = Exclude<
  Resource,
  | "administration"
  | "tenants"
  | "credentials"
  | "break_glass"
  | "second_person"
  | "holds"
  | "retention"
  | "cases"
  | "requests"
  | "notices"
  | "consents"
  | "erasures"
  | "restrictions"
  | "breaches"
  | "reports"
  | "compliance"
>;

/** The facts that the decision about each kind of resource needs. */
export interface FactsOf {
  readonly conversation: ConversationFacts;
  readonly relay: RelayFacts;
  readonly directory: DirectoryFacts;
  readonly link: LinkFacts;
  readonly upload: UploadFacts;
  readonly audit_log: Facts;
  readonly account_names: Facts;
  readonly disclosures: Facts;
  readonly staff_list: Facts;
  readonly alerts: Facts;
  readonly approvals: Facts;
  readonly policy: PolicyFacts;
}

/** A condition of a rule, and whether it holds. */
export interface ExaminedCondition {
  /** The fact that it is about, such as "state". */
  readonly fact: string;
  /** What the fact must be, as the rule says it. */
  readonly wanted: unknown;
  /** Undefined if the fact comes with the request, so that nobody knows it before. */
  readonly holds: boolean | undefined;
}

/** A rule about the action, and what of it is fulfilled. */
export interface ExaminedRule {
  readonly rule: string;
  readonly role: boolean;
  readonly device: boolean;
  readonly conditions: readonly ExaminedCondition[];
}

export interface Explanation {
  readonly decision: Decision;
  /** The version of the policy that decided. */
  readonly version: number;
  /** The rule that allows the act. */
  readonly rule: string | undefined;
  /** The number of other people who must approve the act. */
  readonly approvers: number;
  /** Every rule about the action. */
  readonly rules: readonly ExaminedRule[];
}

/** The functions that decide, which use cases call too, and the facts as conditions name them. */
const deciders: {
  readonly [R in ExplainedResource]: {
    readonly decide: (actor: Actor, action: ActionsOf[R], facts: FactsOf[R]) => Decision;
    readonly subject: (actor: Actor, facts: FactsOf[R]) => Facts;
    /** The rule that lets the actor ask for a list. The conditions of its rules are about each row. */
    readonly listing?: (actor: Actor) => PolicyRule | undefined;
  };
} = {
  conversation: { decide: decideConversation, subject: conversationSubject },
  relay: { decide: decideRelay, subject: (_actor, facts) => facts },
  directory: { decide: decideDirectory, subject: (_actor, facts) => directorySubject(facts) },
  link: { decide: decideLinking, subject: (_actor, facts) => facts },
  upload: { decide: decideUpload, subject: (_actor, facts) => facts },
  audit_log: {
    decide: (actor, _action, { tenant }) => decideAuditReading(actor, tenant),
    subject: (_actor, facts) => facts,
  },
  account_names: {
    decide: (actor, _action, { tenant }) => decideNameReading(actor, tenant),
    subject: (_actor, facts) => facts,
  },
  disclosures: {
    decide: (actor, _action, { tenant }) => decideDisclosureReading(actor, tenant),
    subject: (_actor, facts) => facts,
  },
  staff_list: {
    decide: (actor, _action, { tenant }) => decideStaffList(actor, tenant),
    subject: (_actor, facts) => facts,
    listing: (actor) => listingRule(actor, "staff_list", "read"),
  },
  alerts: {
    decide: decideAlerts,
    subject: (_actor, facts) => facts,
  },
  approvals: {
    decide: (actor, _action, { tenant }) => decideApprovals(actor, tenant),
    subject: (_actor, facts) => facts,
  },
  policy: { decide: decidePolicyAct, subject: policySubject },
};

/**
 * Decides as the use case does, by the same function, and says why: by which rule, or which facts keep each
 * rule from allowing the act. Pure.
 */
export function explainDecision<R extends ExplainedResource>(
  actor: Actor,
  resource: R,
  action: ActionsOf[R],
  facts: FactsOf[R],
): Explanation {
  const { decide, subject: subjectOf, listing } = deciders[resource];
  // The purpose comes with the request.
  const subject = { ...askedFacts(actor, subjectOf(actor, facts)), purpose: undefined };
  return {
    decision: decide(actor, action, facts),
    version: actor.policy.version,
    rule: (listing?.(actor) ?? grantingRule(actor, resource, action, subject))?.id,
    approvers: approversNeeded(actor.policy, resource, action),
    rules: actor.policy.rules
      .filter((rule) => rule.resource === resource && rule.actions.includes(action))
      .map((rule) => examine(actor, resource, action, rule, subject)),
  };
}

function examine<R extends Resource>(
  actor: Actor,
  resource: R,
  action: ActionsOf[R],
  rule: PolicyRule<Resource>,
  subject: Facts,
): ExaminedRule {
  /** Asks for one condition alone, as if the rule had no other. */
  const holds = (fact: string, wanted: unknown): boolean => {
    const alone = { ...rule, roles: [actor.role], conditions: { [fact]: wanted } };
    const { device: _device, ...asked } = alone;
    const policy = { ...actor.policy, rules: [asked] };
    return grantingRule({ ...actor, policy }, resource, action, subject) !== undefined;
  };
  return {
    rule: rule.id,
    role: isForRole(rule, actor),
    device: isForDevice(rule, actor),
    conditions: leavesOf(rule.conditions).map(([fact, wanted]) => ({
      fact,
      wanted,
      holds: valueAt(subject, fact) === undefined ? undefined : holds(fact, wanted),
    })),
  };
}

/** Returns the conditions that must all hold, one by one. */
const leavesOf = (conditions: Readonly<Record<string, unknown>>): readonly [string, unknown][] =>
  Object.entries(conditions).flatMap(([fact, wanted]) =>
    fact === "$and" ? (wanted as Record<string, unknown>[]).flatMap(leavesOf) : [[fact, wanted]],
  );

/** Returns the fact of that name, which may be inside of another one: "subject.role". */
const valueAt = (subject: object, fact: string): unknown =>
  fact
    .split(".")
    .reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      subject,
    );
