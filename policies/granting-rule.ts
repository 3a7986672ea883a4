import { createMongoAbility, type MongoAbility, type MongoQuery } from "@casl/ability";
import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { defaultRules, type ActionsOf, type Resource } from "./rules/default-rules.ts";
import type { PolicyRole, PolicyRule } from "./rules/rule.ts";

/** What rules can refer to of an actor. A program with an API key is no user. */
export type PolicyActor = Pick<Actor, "tenant"> &
  Partial<Pick<Actor, "user" | "device">> & { readonly role: PolicyRole };

/** The facts that rules are asked about. Every resource belongs to a tenant. */
interface Facts {
  readonly tenant: TenantId;
}

const rulesById = new Map(defaultRules.map((rule) => [rule.id, rule]));

/** A decision is made for each message and frame, so an actor's rules are kept as long as the actor is. */
const abilities = new WeakMap<PolicyActor, Map<Resource, MongoAbility>>();

/**
 * Returns the rule that allows `actor` to do `action` to the resource that `facts` describe, or undefined if
 * none does. Pure: the same facts give the same rule.
 */
export function grantingRule<R extends Resource>(
  actor: PolicyActor,
  resource: R,
  action: ActionsOf[R],
  facts: Facts,
): PolicyRule | undefined {
  const granted = abilityOf(actor, resource).relevantRuleFor(action, facts);
  return granted?.reason === undefined ? undefined : rulesById.get(granted.reason);
}

function abilityOf(actor: PolicyActor, resource: Resource): MongoAbility {
  const known = abilities.get(actor) ?? new Map<Resource, MongoAbility>();
  abilities.set(actor, known);
  const ability = known.get(resource) ?? createAbility(actor, resource);
  known.set(resource, ability);
  return ability;
}

const createAbility = (actor: PolicyActor, resource: Resource): MongoAbility =>
  createMongoAbility(
    defaultRules
      .filter((rule) => rule.resource === resource && appliesTo(rule, actor))
      .map(({ id, actions, conditions }) => ({
        action: [...actions],
        subject: resource,
        // CASL hands it back with the rule.
        reason: id,
        conditions: { ...about(actor, conditions), tenant: actor.tenant },
      })),
    { detectSubjectType: () => resource },
  );

/** Returns whether a rule can allow the actor anything. */
const appliesTo = ({ roles, device, conditions }: PolicyRule, actor: PolicyActor): boolean =>
  roles.includes(actor.role) &&
  (device === undefined || (device === "registered") === (actor.device !== undefined)) &&
  (["user", "device"] as const).every(
    (each) => actor[each] !== undefined || !JSON.stringify(conditions).includes(`$actor.${each}`),
  );

/** Returns the conditions with what the actor has in place of `$actor.user` and its like. */
function about(actor: PolicyActor, conditions: MongoQuery): MongoQuery {
  const fill = (value: unknown): unknown => {
    switch (value) {
      case "$actor.user":
        return actor.user;
      case "$actor.role":
        return actor.role;
      case "$actor.device":
        return actor.device;
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part)]));
  };
  return fill(conditions) as MongoQuery;
}
