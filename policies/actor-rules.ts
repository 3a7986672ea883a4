import type { MongoQuery } from "@casl/ability";
import type { Actor } from "./actor.ts";
import type { Resource } from "./rules/default-rules.ts";
import type { PolicyRole, PolicyRule } from "./rules/rule.ts";

/** What rules can refer to of an actor, and the rules. A program with an API key is no user. */
export type PolicyActor = Pick<Actor, "tenant" | "policy"> &
  Partial<Pick<Actor, "user" | "device" | "signIn" | "purpose" | "purposeSetting">> & {
    readonly role: PolicyRole;
  };

/** A rule for an actor, with what the actor has in place of `$actor.user` and its like. */
export interface ActorRule {
  readonly rule: PolicyRule;
  readonly conditions: MongoQuery;
}

/** Returns the rules on one kind of resource that can allow the actor anything, in their order. */
export const rulesFor = (actor: PolicyActor, resource: Resource): readonly ActorRule[] =>
  actor.policy.rules
    .filter((rule) => rule.resource === resource && isForRole(rule, actor))
    .filter((rule) => isForDevice(rule, actor))
    .map((rule) => ({ rule, conditions: about(actor, rule.conditions) }));

/** Returns whether the rule is for the actor's role. */
export const isForRole = ({ roles }: PolicyRule, actor: PolicyActor): boolean =>
  roles.includes(actor.role);

/** Returns whether the rule is for the actor's device. A rule that needs one allows nothing without. */
export const isForDevice = ({ device, conditions }: PolicyRule, actor: PolicyActor): boolean =>
  (device === undefined || (device === "registered") === (actor.device !== undefined)) &&
  (["user", "device"] as const).every(
    (each) => actor[each] !== undefined || !JSON.stringify(conditions).includes(`$actor.${each}`),
  );

/** Returns whether the rule says something else about each actor. */
export const namesActor = ({ conditions }: PolicyRule): boolean =>
  JSON.stringify(conditions).includes("$actor.");

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
