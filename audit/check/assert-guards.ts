import { DatabaseError } from "../../db/database-error.ts";
import { dumpGuards, readShippedGuards } from "../../db/dump-guards.ts";
import type { Pool } from "../../db/pool.ts";
import { DATA, schemaState } from "../../db/schema-version.ts";
import { AuditError } from "../audit-error.ts";
import { asIntegrator } from "./as-integrator.ts";

/**
 * Requires that triggers, rules, functions, constraints, policies, grants and owners are those that this version
 * shipped. Whoever changes one of them can keep entries out of the log, or read another tenant. A database
 * that a later version has migrated is not compared.
 * @throws AuditError audit_guards_altered, which names the first difference
 */
export async function assertGuards(pool: Pool): Promise<void> {
  const shipped = await readShippedGuards();
  const found = await asIntegrator(pool, async (client) => {
    // Names in the search path would be written without their schema.
    await client.query("set local search_path = pg_catalog");
    return dumpGuards(client);
  });
  const [here, there] = [new Set(found), new Set(shipped)];
  const missing = shipped.filter((line) => !here.has(line));
  const added = found.filter((line) => !there.has(line));
  const [first] = [
    ...missing.map((line) => `This is missing: ${line}.`),
    ...added.map((line) => `This was added: ${line}.`),
  ];
  // The version is asked for last. Another node may be migrating.
  if (first === undefined || !(await isOfThisVersion(pool))) return;
  throw new AuditError(
    "audit_guards_altered",
    `The database has other triggers, functions, constraints, policies, grants or owners than this version (${missing.length} are missing, ${added.length} were added). ${first}`,
  );
}

async function isOfThisVersion(pool: Pool): Promise<boolean> {
  try {
    return (await schemaState(pool, DATA)) === "current";
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "schema_ahead") return false;
    throw error;
  }
}
