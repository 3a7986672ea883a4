import { mongoQueryMatcher, type MongoQuery } from "@casl/ability";
import { rulesFor, type PolicyActor } from "../actor-rules.ts";
import { NO_PURPOSE } from "../purpose-of-use.ts";
import type { ActionsOf, Resource } from "../rules/default-rules.ts";
import type { PolicyRule } from "../rules/rule.ts";
import { unknownSignIn } from "../sign-in-facts.ts";
import { compileConditions, type Bind, type RowFacts } from "./compile-conditions.ts";

export type { RowFacts } from "./compile-conditions.ts";

/** How a statement that lists resources names what the rules speak of. */
export interface ListedRows<R extends Resource> {
  readonly resource: R;
  readonly action: ActionsOf[R];
  /** The column of the tenant, such as `c.tenant`. */
  readonly tenant: string;
  readonly facts: RowFacts;
}

/**
 * Returns the condition under which a row is in the actor's list. It holds for exactly the rows whose facts
 * `grantingRule` finds a rule for. Pure but for `values`.
 * @param values the values of the statement. Those of the condition are added.
 * @param field instead, the condition under which a row shows this field
 */
export function allowedRows<R extends Resource>(
  actor: PolicyActor,
  { resource, action, tenant, facts }: ListedRows<R>,
  values: unknown[],
  field?: string,
): string {
  const bind: Bind = (value, type) => `$${values.push(value)}::${type}`;
  const own = `${tenant} = ${bind(actor.tenant, "uuid")}`;
  const granted = rulesFor(actor, resource)
    .filter(({ rule }) => rule.actions.includes(action) && shows(rule, field))
    .map(({ conditions }) => ofRow(conditions, actor))
    .filter((conditions) => conditions !== undefined)
    .map((conditions) => compileConditions(conditions, facts, bind));
  return granted.length === 0
    ? "false and " + own
    : `${own} and (${granted.map((each) => `(${each})`).join(" or ")})`;
}

/** The facts that are the same for all rows. */
const unknownRequest = { ...unknownSignIn, purpose: NO_PURPOSE };

/**
 * Returns what is left to compare in each row, because conditions on the actor's sign-in and on the purpose are the
 * same for all rows; undefined if these do not fulfil them.
 */
function ofRow(conditions: MongoQuery, actor: PolicyActor): MongoQuery | undefined {
  const { $and = [], ...rest } = conditions as { readonly $and?: readonly MongoQuery[] };
  const named = (isOfSignIn: boolean): MongoQuery =>
    Object.fromEntries(
      Object.entries(rest).filter(([name]) => Object.hasOwn(unknownRequest, name) === isOfSignIn),
    );
  const { signIn, purpose = NO_PURPOSE } = actor;
  if (!mongoQueryMatcher(named(true))({ ...signIn, purpose })) return undefined;
  const parts = $and.map((part) => ofRow(part, actor));
  return parts.includes(undefined) ? undefined : { ...named(false), $and: parts };
}

const shows = ({ fields }: PolicyRule, field: string | undefined): boolean =>
  field === undefined || fields === undefined || fields.includes(field);

/**
 * Returns the rule that lets the actor ask for the list at all, whatever rows are in it; undefined if none
 * does. If there are several, it is the last one.
 */
export const listingRule = <R extends Resource>(
  actor: PolicyActor,
  resource: R,
  action: ActionsOf[R],
): PolicyRule | undefined =>
  rulesFor(actor, resource).findLast(({ rule }) => rule.actions.includes(action))?.rule;
