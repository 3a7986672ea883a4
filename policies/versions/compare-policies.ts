import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Policy } from "../policy.ts";
import { roles, type Role } from "../roles.ts";
import type { Resource } from "../rules/default-rules.ts";
import { approversNeeded } from "./demands.ts";
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
        const effect = effectOf(rightOf(before, right), rightOf(after, right));
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

/** What a role may do: under which conditions, and with how many other people. */
interface Right {
  readonly conditions: ReadonlySet<string>;
  readonly approvers: number;
}

const rightOf = (policy: Policy, right: Omit<RightChange, "effect">): Right => ({
  conditions: conditionsOf(policy, right),
  approvers: approversNeeded(policy, right.resource, right.action),
});

function effectOf(before: Right, after: Right): Effect | undefined {
  const [had, has] = [before.conditions, after.conditions];
  if (had.size === 0 && has.size === 0) return undefined;
  if (had.size === 0) return "gained";
  if (has.size === 0) return "lost";
  const isLess = [...had].some((one) => !has.has(one)) || after.approvers > before.approvers;
  const isMore = [...has].some((one) => !had.has(one)) || after.approvers < before.approvers;
  if (!isLess && !isMore) return undefined;
  if (isLess && isMore) return "changed";
  return isMore ? "widened" : "narrowed";
}
