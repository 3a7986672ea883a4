import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { WorkflowError } from "../workflow-error.ts";

/** A case as it is stored. Times are milliseconds since the Unix epoch, by the clock of the database. */
export interface Case {
  readonly id: CaseId;
  readonly kind: string;
  /** The account that the case is about; null if it is about none. */
  readonly subject: UserId | null;
  readonly state: string;
  /** The number of steps that are done. */
  readonly step: number;
  /** Why the present step could not be done when it was last tried; null if it was not tried in vain. */
  readonly pending: string | null;
  readonly openedAtMs: number;
  readonly dueAtMs: number | null;
  /** When the server takes the next step; null while the case waits for a person, and when it is over. */
  readonly wakeAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** A step of a case. */
export interface CaseStep {
  readonly step: number;
  readonly state: string;
  readonly begunAtMs: number;
  readonly attempts: number;
  /** The state that followed; null if the step is not done. */
  readonly next: string | null;
  readonly doneAtMs: number | null;
  /** The id of an account, "operator:" and the name of a person, or "cases" for the server itself. */
  readonly doneBy: string | null;
}

export const SELECT_CASE = `
  select id, kind, subject, state, step, pending, opened_at_ms as "openedAtMs", due_at_ms as "dueAtMs",
    wake_at_ms as "wakeAtMs", ended_at_ms as "endedAtMs"
  from cases`;

/** @throws WorkflowError case_not_found */
export async function readCase(client: Client, id: CaseId): Promise<Case> {
  const { rows } = await client.query<Case>(`${SELECT_CASE} where id = $1`, [id]);
  if (rows[0] === undefined) throw caseNotFound();
  return rows[0];
}

/**
 * Reads a case and locks its row until the transaction ends. So nobody else moves it. A case that is over never
 * changes, so its row is not locked.
 * @throws WorkflowError case_not_found
 */
export async function lockCase(client: Client, id: CaseId): Promise<Case> {
  const { rows } = await client.query<Case>(`${SELECT_CASE} where id = $1 for update`, [id]);
  return rows[0] ?? readCase(client, id);
}

/** Like `lockCase`; undefined if somebody else holds the lock or there is no such case. */
export async function lockFreeCase(client: Client, id: CaseId): Promise<Case | undefined> {
  const { rows } = await client.query<Case>(`${SELECT_CASE} where id = $1 for update skip locked`, [
    id,
  ]);
  return rows[0];
}

/** Returns the steps of a case in their order. */
export async function readSteps(client: Client, id: CaseId): Promise<readonly CaseStep[]> {
  const { rows } = await client.query<CaseStep>(
    `select step, state, begun_at_ms as "begunAtMs", attempts, next, done_at_ms as "doneAtMs",
       done_by as "doneBy"
     from case_steps where case_id = $1 order by step`,
    [id],
  );
  return rows;
}

/** A case, as a resource of the audit log. */
export const ofCase = (id: CaseId) => ({ type: "case" as const, id });

export const caseNotFound = (): WorkflowError =>
  new WorkflowError("case_not_found", "There is no such case.");
