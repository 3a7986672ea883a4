import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Policy } from "../policy.ts";
import { roles, type Role } from "../roles.ts";
import type { Resource } from "../rules/default-rules.ts";
import { floors } from "./floors.ts";

/**
 * What a version does to a right: "gained" and "lost" if the role did not have it before or does not have it
 * afterwards, "widened" and "narrowed" if the conditions of it change, "changed" if both happens.
 */
export type Effect = "gained" | "widened" | "changed" | "narrowed" | "lost";

export interface RightChange {
  readonly role: Role;
  readonly resource: Resource;
  readonly action: string;
  readonly effect: Effect;
}

/** Returns which right of which role differs between two policies. Rules only allow, so more of them allow more. */
export function comparePolicies(before: Policy, after: Policy): readonly RightChange[] {
  return Object.entries(floors).flatMap(([name, actions]) =>
    Object.keys(actions).flatMap((action) =>
      roles.flatMap((role) => {
        const right = { role, resource: name as Resource, action };
        const effect = effectOf(conditionsOf(before, right), conditionsOf(after, right));
        return effect === undefined ? [] : [{ ...right, effect }];
      }),
    ),
  );
}

/** What each rule asks that allows the action to the role. */
const conditionsOf = (
  { rules }: Policy,
  { role, resource, action }: Omit<RightChange, "effect">,
): ReadonlySet<string> =>
  new Set(
    rules
      .filter(
        (rule) =>
          rule.resource === resource && rule.actions.includes(action) && rule.roles.includes(role),
      )
      .map(({ device, conditions, fields }) =>
        canonicalJson({ device, conditions, fields } as CanonicalValue),
      ),
  );

function effectOf(before: ReadonlySet<string>, after: ReadonlySet<string>): Effect | undefined {
  const isLess = [...before].some((one) => !after.has(one));
  const isMore = [...after].some((one) => !before.has(one));
  if (!isLess && !isMore) return undefined;
  if (before.size === 0) return "gained";
  if (after.size === 0) return "lost";
  if (isLess && isMore) return "changed";
  return isMore ? "widened" : "narrowed";
}
