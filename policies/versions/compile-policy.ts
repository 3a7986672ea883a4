import { nilId, type DeviceId } from "../../crypto/wire/ids.ts";
import { grantingRule } from "../granting-rule.ts";
import type { Policy } from "../policy.ts";
import { defaultRules, type Resource } from "../rules/default-rules.ts";
import type { PolicyRule } from "../rules/rule.ts";
import { compileRule } from "./compile-rule.ts";
import { demandsOf, faultsOfDemands } from "./demands.ts";
import { floorOf } from "./floors.ts";
import type { PolicyChanges } from "./policy-changes.ts";

/** A policy, or every reason why the changes make none, each a sentence. */
export type Compiled =
  | { readonly policy: Policy; readonly faults: readonly [] }
  | { readonly policy?: undefined; readonly faults: readonly string[] };

/**
 * Makes a version of a policy from its changes. Every added rule is compiled here, so that none fails when it
 * decides. Pure.
 */
export function compilePolicy(
  version: number,
  { off, add, secondPerson = [] }: PolicyChanges,
): Compiled {
  const faults: string[] = [...faultsOfDemands(secondPerson)];
  for (const id of off) {
    const rule = defaultRules.find((each) => each.id === id);
    if (rule === undefined) faults.push(`There is no default rule ${id}.`);
    else if (rule.actions.some((action) => floorOf(rule.resource, action) === "fixed"))
      faults.push(`No version switches off ${id}.`);
  }
  if (new Set(off).size !== off.length) faults.push("A rule is switched off twice.");
  const ids = add.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) faults.push("Two added rules have the same id.");
  const added: PolicyRule<Resource>[] = [];
  for (const rule of add) {
    const compiled = compileRule(rule);
    if (typeof compiled === "string") faults.push(`${rule.id}: ${compiled}`);
    else added.push(compiled);
  }
  if (faults.length > 0) return { faults };
  const rules = [...defaultRules.filter(({ id }) => !off.includes(id)), ...added];
  const policy = { version, rules, demands: demandsOf(secondPerson) };
  assertEvaluates(policy, added);
  return { policy, faults: [] };
}

/** Makes CASL compile the added rules, for an actor with and without a device. */
function assertEvaluates(policy: Policy, added: Policy["rules"]): void {
  for (const rule of added)
    for (const role of rule.roles)
      for (const device of [nilId<DeviceId>(), undefined])
        for (const action of rule.actions)
          grantingRule(
            { tenant: nilId(), user: nilId(), role, device, policy: { ...policy, rules: [rule] } },
            rule.resource,
            action as never,
            { tenant: nilId() },
          );
}
