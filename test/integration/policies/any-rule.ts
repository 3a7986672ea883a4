import fc from "fast-check";
import type { Policy } from "../../../policies/policy.ts";
import { roles } from "../../../policies/roles.ts";
import type { Resource } from "../../../policies/rules/default-rules.ts";
import type { PolicyRule } from "../../../policies/rules/rule.ts";

/** The values that a condition may compare each fact with. A list can also be asked for its size. */
export type ComparedFacts = Readonly<
  Record<string, { readonly values: readonly unknown[]; readonly isList?: true }>
>;

const testOf = ({ values, isList }: ComparedFacts[string]): fc.Arbitrary<unknown> => {
  const value = fc.constantFrom(...values);
  const some = fc.array(value, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    value,
    value.map(($eq) => ({ $eq })),
    value.map(($ne) => ({ $ne })),
    some.map(($in) => ({ $in })),
    some.map(($nin) => ({ $nin })),
    ...(isList === true ? [fc.integer({ min: 0, max: 3 }).map(($size) => ({ $size }))] : []),
  );
};

/** A policy of up to four rules about one action, as versions can make them. */
export function anyPolicy(
  { resource, action }: { readonly resource: Resource; readonly action: string },
  facts: ComparedFacts,
): fc.Arbitrary<Policy> {
  const condition = fc.record(
    Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, testOf(fact)])),
    { requiredKeys: [], noNullPrototype: true },
  );
  const conditions = fc.oneof(
    condition,
    fc.array(condition, { minLength: 1, maxLength: 3 }).map(($and) => ({ $and })),
  );
  const rule = fc.record(
    {
      actions: fc.constantFrom([action], [action, action], ["close"]),
      roles: fc.subarray([...roles], { minLength: 4 }),
      device: fc.constant("registered" as const),
      fields: fc.subarray(["displayName"]),
      conditions,
    },
    { requiredKeys: ["actions", "roles", "conditions"], noNullPrototype: true },
  );
  return fc.array(rule, { maxLength: 4 }).map((rules) => ({
    version: 1,
    demands: [],
    rules: rules.map((each, at): PolicyRule<Resource> => ({
      ...each,
      id: `local.r${at}`,
      resource,
      means: "",
      reason: "",
    })),
  }));
}
