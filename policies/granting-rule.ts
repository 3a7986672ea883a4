import {
  createMongoAbility,
  mongoQueryMatcher,
  type MongoAbility,
  type MongoQuery,
} from "@casl/ability";
import type { TenantId } from "../crypto/wire/ids.ts";
import { namesActor, rulesFor, type ActorRule, type PolicyActor } from "./actor-rules.ts";
import type { Policy } from "./policy.ts";
import type { ActionsOf, Resource } from "./rules/default-rules.ts";
import type { PolicyRule } from "./rules/rule.ts";
import { generalPurposes, NO_PURPOSE } from "./purpose-of-use.ts";
import { strongestSignIn } from "./sign-in-facts.ts";

/** The facts that rules are asked about. Every resource belongs to a tenant. */
export interface Facts {
  readonly tenant: TenantId;
}

/** The rules on one kind of resource that can allow an actor anything. */
interface OwnRules {
  readonly ability: MongoAbility;
  readonly byId: ReadonlyMap<string, PolicyRule>;
}

/** A decision is made for each message and frame, so an actor's rules are kept as long as the actor is. */
const known = new WeakMap<PolicyActor, Map<Resource, OwnRules>>();

/** Rules that name nothing of an actor are the same for many, such as all connected devices of a role. By their ids. */
const shared = new WeakMap<Policy, Map<string, OwnRules>>();

/**
 * Returns the rule of the actor's policy that allows `actor` to do `action` to the resource that `facts`
 * describe, or undefined if none does. Pure: the same facts give the same rule.
 */
export function grantingRule<R extends Resource>(
  actor: PolicyActor,
  resource: R,
  action: ActionsOf[R],
  facts: Facts,
): PolicyRule | undefined {
  const { ability, byId } = ownRules(actor, resource);
  const granted = ability.relevantRuleFor(action, askedFacts(actor, facts));
  return granted?.reason === undefined ? undefined : byId.get(granted.reason);
}

/** Returns the facts that conditions can name: those of the resource, of the actor's sign-in, and of the request. */
export const askedFacts = (
  { signIn, purpose = NO_PURPOSE }: Pick<PolicyActor, "signIn" | "purpose">,
  facts: Facts,
): Facts => ({ ...facts, ...signIn, purpose }) as Facts;

/**
 * Returns the reasons that a denial has besides, if the actor may do the act after signing in with more evidence, or with
 * another purpose. The default rules ask for neither.
 */
export function missingEvidence<R extends Resource>(
  actor: PolicyActor,
  resource: R,
  action: ActionsOf[R],
  facts: Facts,
): readonly string[] {
  if (actor.signIn === undefined || actor.policy.version === 0) return [];
  const stronger = { ...actor, signIn: strongestSignIn };
  if (grantingRule(stronger, resource, action, facts) !== undefined) return [SIGN_IN_TOO_WEAK];
  const purposes = [...Object.keys(generalPurposes), ...(actor.purposeSetting?.codes ?? [])];
  const isForAnother = purposes.some(
    (purpose) => grantingRule({ ...actor, purpose }, resource, action, facts) !== undefined,
  );
  return isForAnother ? [OTHER_PURPOSE] : [];
}

/** Why an act is denied that the actor may do for another purpose of use. */
export const OTHER_PURPOSE = "other_purpose";

/** Why an act is denied that the actor may do after signing in with more evidence. */
export const SIGN_IN_TOO_WEAK = "sign_in_too_weak";

function ownRules(actor: PolicyActor, resource: Resource): OwnRules {
  const kept = known.get(actor) ?? new Map<Resource, OwnRules>();
  known.set(actor, kept);
  const rules = kept.get(resource) ?? createRules(actor, resource);
  kept.set(resource, rules);
  return rules;
}

function createRules(actor: PolicyActor, resource: Resource): OwnRules {
  const rules = rulesFor(actor, resource);
  if (rules.some(({ rule }) => namesActor(rule))) return compile(actor, resource, rules);
  const ofPolicy = shared.get(actor.policy) ?? new Map<string, OwnRules>();
  shared.set(actor.policy, ofPolicy);
  const key = JSON.stringify([actor.tenant, resource, rules.map(({ rule }) => rule.id)]);
  const compiled = ofPolicy.get(key) ?? compile(actor, resource, rules);
  ofPolicy.set(key, compiled);
  return compiled;
}

function compile(
  { tenant }: PolicyActor,
  resource: Resource,
  rules: readonly ActorRule[],
): OwnRules {
  const ability = createMongoAbility(
    rules.map(({ rule: { id, actions }, conditions }) => ({
      action: [...actions],
      subject: resource,
      // CASL hands it back with the rule.
      reason: id,
      conditions: { ...conditions, tenant },
    })),
    { detectSubjectType: () => resource, conditionsMatcher: matchAll },
  );
  return { ability, byId: new Map(rules.map(({ rule }) => [rule.id, rule])) };
}

/**
 * Compiles conditions, and at their top `$and`, which CASL does not know. It would compare the fact "$and"
 * with the list.
 */
function matchAll(conditions: MongoQuery) {
  const { $and = [], ...rest } = conditions as { readonly $and?: readonly MongoQuery[] };
  const parts = [rest, ...$and].map((each) => mongoQueryMatcher(each));
  return (facts: Record<string, unknown>): boolean => parts.every((matches) => matches(facts));
}
