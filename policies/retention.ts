import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { RetentionAction } from "./rules/retention.ts";

export type { RetentionAction } from "./rules/retention.ts";

/** What records are. A schedule, a lock or a hold names the labels that it is about. */
export interface Labels {
  readonly dataClass?: string | undefined;
  readonly team?: string | undefined;
  readonly region?: string | undefined;
}

/** Keeps records with these labels for this many days after they were received. */
export interface RetentionRule extends Labels {
  readonly days: number;
}

/**
 * Returns the days for which a schedule keeps records with `labels`, or undefined if it keeps them for ever. The rule
 * with the most labels decides, and of several the longest. Pure.
 */
export function retainedDays(rules: readonly RetentionRule[], labels: Labels): number | undefined {
  const [first] = rules
    .filter((rule) => isAbout(rule, labels))
    .toSorted((a, b) => countLabels(b) - countLabels(a) || b.days - a.days);
  return first?.days;
}

/** Returns whether a schedule ends any record earlier than another one. Pure. */
export const isShorter = (
  before: readonly RetentionRule[],
  after: readonly RetentionRule[],
): boolean =>
  combinations([...before, ...after]).some(
    (labels) => daysOf(after, labels) < daysOf(before, labels),
  );

/** Returns a lock that a schedule would end records before, or undefined if there is none. Pure. */
export const brokenLock = <L extends RetentionRule>(
  rules: readonly RetentionRule[],
  locks: readonly L[],
): L | undefined =>
  locks.find((lock) =>
    combinations([...rules, ...locks]).some(
      (labels) => isAbout(lock, labels) && daysOf(rules, labels) < lock.days,
    ),
  );

/**
 * Returns whether records that get other labels are kept for a shorter time, by the schedule or by the locks. Pure.
 * @param from the labels that they would have otherwise
 */
export const isKeptShorter = (
  {
    rules,
    locks,
  }: { readonly rules: readonly RetentionRule[]; readonly locks: readonly RetentionRule[] },
  from: Labels,
  to: Labels,
): boolean => {
  const locked = (labels: Labels) =>
    Math.max(0, ...locks.filter((lock) => isAbout(lock, labels)).map(({ days }) => days));
  const kept = (labels: Labels) => Math.max(daysOf(rules, labels), locked(labels));
  return kept(to) < kept(from) || locked(to) < locked(from);
};

const daysOf = (rules: readonly RetentionRule[], labels: Labels): number =>
  retainedDays(rules, labels) ?? Number.POSITIVE_INFINITY;

const isAbout = (rule: Labels, labels: Labels): boolean =>
  (rule.dataClass ?? labels.dataClass) === labels.dataClass &&
  (rule.team ?? labels.team) === labels.team &&
  (rule.region ?? labels.region) === labels.region;

const countLabels = ({ dataClass, team, region }: Labels): number =>
  [dataClass, team, region].filter((each) => each !== undefined).length;

/** Every combination of labels that the rules tell apart. Records with other labels are as those without any. */
function combinations(rules: readonly Labels[]): readonly Labels[] {
  const values = (of: (labels: Labels) => string | undefined) => [
    ...new Set([undefined, ...rules.map(of)]),
  ];
  const teams = values(({ team }) => team);
  const regions = values(({ region }) => region);
  return values(({ dataClass }) => dataClass).flatMap((dataClass) =>
    teams.flatMap((team) => regions.map((region) => ({ dataClass, team, region }))),
  );
}

/** Facts for a decision about retention. */
export interface RetentionFacts {
  readonly tenant: TenantId;
  /** Who saved the version: for "approve" and "refuse". */
  readonly requester?: string;
}

/** Decides whether `actor` may do `action` to the retention of the tenant. Denies by default. Pure. */
export function decideRetention(
  actor: Actor,
  action: RetentionAction,
  facts: RetentionFacts,
): Decision {
  const rule = grantingRule(actor, "retention", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "retention", action, facts) !== undefined)
    return deny("device_not_registered");
  const isOwn = facts.requester === actor.user && (action === "approve" || action === "refuse");
  return deny(...(isOwn ? ["own_request"] : []), `role_${actor.role}`);
}
