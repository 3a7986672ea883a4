import type { MongoQuery } from "@casl/ability";
import { defaultRules, type Resource } from "../rules/default-rules.ts";
import type { PolicyRule } from "../rules/rule.ts";
import type { Role } from "../roles.ts";
import {
  conditionFacts,
  isNumber,
  whyNotComparable,
  type ConditionFact,
} from "./condition-facts.ts";
import { floorOf, floors } from "./floors.ts";
import { optionalFields } from "./optional-fields.ts";
import type { AddedRule, ConditionTest } from "./policy-changes.ts";

/** @returns the rule, or why there is none, in a sentence */
export function compileRule(rule: AddedRule): PolicyRule<Resource> | string {
  return rule.narrows === undefined ? compileWider(rule) : compileNarrower(rule, rule.narrows);
}

/** A rule that narrows a default one has its conditions too, so it allows nothing that that one does not. */
function compileNarrower(rule: AddedRule, narrows: string): PolicyRule<Resource> | string {
  const base = defaultRules.find(({ id }) => id === narrows);
  if (base === undefined) return `There is no default rule ${narrows}.`;
  if (rule.resource !== undefined && rule.resource !== base.resource)
    return `It must be about ${base.resource}, as ${narrows} is.`;
  const { resource, reason } = base;
  const fixed = rule.actions.find((action) => floorOf(resource, action) === "fixed");
  if (fixed !== undefined) return `No version changes the action ${fixed}.`;
  const beyond =
    rule.actions.find((action) => !base.actions.includes(action)) ??
    rule.roles.find((role) => !base.roles.includes(role));
  if (beyond !== undefined) return `It allows ${beyond}, which ${narrows} does not.`;
  if (rule.device !== undefined && base.device === "unregistered")
    return `It needs a registered device, and ${narrows} one that is not.`;
  const more = rule.fields?.find((field) => base.fields?.includes(field) === false);
  if (more !== undefined) return `It shows ${more}, which ${narrows} does not.`;
  const device = rule.device ?? base.device;
  const fields = rule.fields ?? base.fields;
  return (
    whyNoConditions(resource, rule) ??
    whyNoFields(resource, rule) ??
    made(rule, resource, { reason, device, fields, conditions: [base.conditions, rule.conditions] })
  );
}

function compileWider(rule: AddedRule): PolicyRule<Resource> | string {
  const { resource, actions } = rule;
  if (!isResource(resource)) return "It must name a resource, or the default rule that it narrows.";
  let device: "registered" | undefined = rule.device;
  const conditions: MongoQuery[] = [rule.conditions];
  for (const action of actions) {
    const floor = floorOf(resource, action);
    if (floor === "fixed") return `No version changes the action ${action} on ${resource}.`;
    if (floor === "narrow")
      return `The action ${action} on ${resource} can only be narrowed. Name the default rule in "narrows".`;
    const beyond = rule.roles.find((role: Role) => !floor.roles.includes(role));
    if (beyond !== undefined) return `The role ${beyond} may never do ${action} on ${resource}.`;
    device ??= floor.device;
    if (floor.conditions !== undefined) conditions.push(floor.conditions);
  }
  return (
    whyNoConditions(resource, rule) ??
    whyNoFields(resource, rule) ??
    made(rule, resource, { reason: rule.id, device, fields: rule.fields, conditions })
  );
}

const isResource = (name: string | undefined): name is Resource =>
  name !== undefined && Object.hasOwn(floors, name);

const made = (
  { id, actions, roles, means }: AddedRule,
  resource: Resource,
  {
    reason,
    device,
    fields,
    conditions,
  }: {
    readonly reason: string;
    readonly device: PolicyRule["device"] | undefined;
    readonly fields: PolicyRule["fields"] | undefined;
    readonly conditions: readonly MongoQuery[];
  },
): PolicyRule<Resource> => ({
  id,
  resource,
  actions,
  roles,
  ...(device !== undefined && { device }),
  conditions: allOf(conditions),
  ...(fields !== undefined && { fields }),
  means,
  reason,
});

/** Returns conditions of which all must hold. */
function allOf(conditions: readonly MongoQuery[]): MongoQuery {
  const some = conditions.filter((each) => Object.keys(each).length > 0);
  return some.length > 1 ? { $and: [...some] } : (some[0] ?? {});
}

/** Returns why the rule cannot show these fields, or undefined if it can. */
function whyNoFields(resource: Resource, { fields = [] }: AddedRule): string | undefined {
  const unknown = fields.find((field) => !optionalFields[resource].includes(field));
  return unknown && `There is no field ${unknown} of ${resource} that can be left out.`;
}

/** Returns why the conditions cannot be evaluated, or undefined if they can. */
function whyNoConditions(
  resource: Resource,
  { actions, roles, conditions }: AddedRule,
): string | undefined {
  const facts = conditionFacts[resource];
  for (const [name, test] of Object.entries(conditions)) {
    const fact = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (fact === undefined) return `There is no fact ${name} of ${resource}.`;
    const unknown = actions.find((action) => fact.actions?.includes(action) === false);
    if (unknown !== undefined) return `The fact ${name} is not known for the action ${unknown}.`;
    const stranger = roles.find((role) => fact.roles?.includes(role) === false);
    if (stranger !== undefined) return `The fact ${name} is not known of the role ${stranger}.`;
    const why = whyNoTest(fact, test);
    if (why !== undefined) return `${name} ${why}.`;
  }
  return undefined;
}

const MOST_VALUES = 100;

function whyNoTest(fact: ConditionFact, test: ConditionTest): string | undefined {
  if (typeof test !== "object") return whyNotComparable(fact, test);
  const [[operator, operand] = [], ...others] = Object.entries(test);
  if (operator === undefined || others.length > 0) return "needs exactly one operator";
  switch (operator) {
    case "$eq":
    case "$ne":
      return whyNotComparable(fact, operand);
    case "$in":
    case "$nin":
      if (!Array.isArray(operand) || operand.length === 0 || operand.length > MOST_VALUES)
        return `needs a list of 1 to ${MOST_VALUES} values for ${operator}`;
      return operand.map((value) => whyNotComparable(fact, value)).find((why) => why !== undefined);
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return isNumber(fact)
        ? whyNotComparable(fact, operand)
        : `is no number, so it has no ${operator}`;
    case "$size":
      if (fact.isList !== true) return "is no list, so it has no $size";
      return Number.isSafeInteger(operand) && (operand as number) >= 0
        ? undefined
        : "needs a whole number for $size";
    default:
      return `has the operator ${operator}, which does not exist`;
  }
}
