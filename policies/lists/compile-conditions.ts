import type { MongoQuery } from "@casl/ability";

/** A type of PostgreSQL that facts have. */
type SqlType = "uuid" | "text" | "boolean";

/** A fact that is one value of the row. */
interface Column {
  /** An expression over the statement's tables, such as `c.state`. */
  readonly sql: string;
  readonly type: SqlType;
}

/** A fact that is a list: a column of the rows of another table that belong to the row. */
interface RelatedColumn extends Column {
  /** FROM and WHERE of the sub-query, such as `members m where m.conversation = c.id`. */
  readonly from: string;
  /** A value that is in the list of every row that the statement reads, so that nothing has to look for it. */
  readonly everywhere?: string;
}

/** Where a statement finds the facts of a row, by the names that conditions use. */
export type RowFacts = Readonly<Record<string, Column | RelatedColumn>>;

/** Adds a value to those of the statement and returns its placeholder. */
export type Bind = (value: unknown, type: string) => string;

/**
 * Translates the conditions of a rule into SQL that holds for exactly the rows for which CASL finds them true
 * in memory. A column that is null equals nothing, as a fact that is unknown. Negation stands at the leaves
 * only, so above them null acts as false.
 * @throws TypeError for a fact that `facts` lacks, an operator that does not exist, or a value of another type
 */
export function compileConditions(conditions: MongoQuery, facts: RowFacts, bind: Bind): string {
  const parts = Object.entries(conditions).flatMap(([name, test]) => {
    if (name === "$and")
      return (test as readonly MongoQuery[]).map((each) => compileConditions(each, facts, bind));
    const fact = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (fact === undefined) throw new TypeError(`The list has no fact ${name}.`);
    return testsOf(test).map(([operator, operand]) => leaf(fact, operator, operand, bind));
  });
  return parts.length === 0 ? "true" : parts.join(" and ");
}

const testsOf = (test: unknown): readonly [operator: string, operand: unknown][] =>
  typeof test === "object" && test !== null ? Object.entries(test) : [["$eq", test]];

function leaf(
  fact: Column | RelatedColumn,
  operator: string,
  operand: unknown,
  bind: Bind,
): string {
  switch (operator) {
    case "$eq":
    case "$in":
      return isEverywhere(fact, operand) ? "true" : holds(fact, among(fact, operand, bind));
    case "$ne":
    case "$nin":
      return isEverywhere(fact, operand) ? "false" : fails(fact, among(fact, operand, bind));
    case "$size":
      return sizeIs(fact, operand, bind);
    default:
      throw new TypeError(`There is no operator ${operator}.`);
  }
}

const isEverywhere = (fact: Column | RelatedColumn, operand: unknown): boolean =>
  "from" in fact && fact.everywhere !== undefined && [operand].flat().includes(fact.everywhere);

/** Compares the column with one value, or with each of several. */
function among({ sql, type }: Column, operand: unknown, bind: Bind): string {
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const wanted = type === "boolean" ? "boolean" : "string";
  if (values.some((value) => typeof value !== wanted))
    throw new TypeError(`A condition on ${sql} compares it with no ${type}.`);
  return Array.isArray(operand)
    ? `${sql} = any(${bind(operand, `${type}[]`)})`
    : `${sql} = ${bind(operand, type)}`;
}

const holds = (fact: Column | RelatedColumn, comparison: string): string =>
  "from" in fact ? `exists (select from ${fact.from} and ${comparison})` : comparison;

const fails = (fact: Column | RelatedColumn, comparison: string): string =>
  "from" in fact
    ? `not ${holds(fact, comparison)}`
    : `(${fact.sql} is null or not (${comparison}))`;

function sizeIs(fact: Column | RelatedColumn, operand: unknown, bind: Bind): string {
  if (!("from" in fact) || !Number.isSafeInteger(operand))
    throw new TypeError(`A condition on ${fact.sql} compares no list with a size.`);
  return `(select count(*) from ${fact.from}) = ${bind(operand, "bigint")}`;
}
