import type { PolicyRow } from "../../../policies/policy-table.ts";

/** Who acts, as the table of the rules speaks of them. */
export interface TableActor {
  readonly role: string;
  readonly user?: string;
  readonly device?: string;
}

/** Facts by the names of conditions. Those of the tenant's fence are not among them. */
export type TableFacts = Readonly<Record<string, unknown>>;

/**
 * Says by the table alone whether the rules allow an action. It evaluates the conditions by itself, and not
 * with the code that decides in the server.
 */
export const isAllowedBy = (
  table: readonly PolicyRow[],
  actor: TableActor,
  [resource, action]: readonly [resource: string, action: string],
  facts: TableFacts,
): boolean =>
  table.some(
    (row) =>
      row.resource === resource &&
      row.action === action &&
      (row.roles as readonly string[]).includes(actor.role) &&
      (row.device === undefined ||
        (row.device === "registered") === (actor.device !== undefined)) &&
      holds(row.conditions, actor, facts),
  );

const holds = (conditions: object, actor: TableActor, facts: TableFacts): boolean =>
  Object.entries(conditions).every(([name, test]: [string, unknown]) => {
    if (name === "$and") return (test as object[]).every((each) => holds(each, actor, facts));
    const fact = facts[name];
    const tests: [string, unknown][] =
      typeof test === "object" && test !== null ? Object.entries(test) : [["$eq", test]];
    return tests.every(([operator, operand]) => holdsOf(fact, operator, operand, actor));
  });

function holdsOf(fact: unknown, operator: string, operand: unknown, actor: TableActor): boolean {
  const meant = (value: unknown): unknown =>
    ({ "$actor.user": actor.user, "$actor.role": actor.role, "$actor.device": actor.device })[
      String(value)
    ] ?? value;
  const among = [fact].flat().some((each) => [operand].flat().map(meant).includes(each));
  switch (operator) {
    case "$eq":
    case "$in":
      return among;
    case "$ne":
    case "$nin":
      return !among;
    case "$size":
      return Array.isArray(fact) && fact.length === operand;
    default:
      throw new Error(`the table has an operator ${operator}`);
  }
}
