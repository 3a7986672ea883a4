import type { Policy } from "./policy.ts";
import type { Resource } from "./rules/default-rules.ts";
import type { PolicyRole, PolicyRule } from "./rules/rule.ts";
import { approversNeeded } from "./versions/demands.ts";

/** A row of the policy table: one rule for one action. */
export interface PolicyRow {
  readonly resource: Resource;
  readonly action: string;
  readonly roles: readonly PolicyRole[];
  readonly means: string;
  readonly rule: string;
  readonly device?: PolicyRule["device"];
  readonly conditions: PolicyRule["conditions"];
  readonly fields?: PolicyRule["fields"];
  /** The number of other people who must approve the act; left out if the actor acts alone. */
  readonly approvers?: number;
}

/**
 * Returns who may do what, one row for each action and each rule that allows it, in the order of the rules.
 * What no row allows is denied.
 */
export const policyTable = (policy: Policy): readonly PolicyRow[] =>
  policy.rules.flatMap(({ id, actions, resource, roles, means, device, conditions, fields }) =>
    actions.map((action) => {
      const approvers = approversNeeded(policy, resource, action);
      return {
        resource,
        action,
        roles,
        means,
        rule: id,
        ...(device === undefined ? {} : { device }),
        conditions,
        ...(fields === undefined ? {} : { fields }),
        ...(approvers === 0 ? {} : { approvers }),
      };
    }),
  );
