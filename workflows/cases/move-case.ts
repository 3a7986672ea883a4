import type { Client } from "../../db/pool.ts";
import { caseState, decideMove, isOver, type CaseMachine } from "../../policies/case-machine.ts";
import { WorkflowError } from "../workflow-error.ts";
import type { StepOutcome } from "./case-kind.ts";
import type { Case } from "./stored-case.ts";

const RECORD = `
  insert into case_steps (tenant, case_id, step, state, begun_at_ms, next, done_at_ms, done_by)
  values (sealdesk.current_tenant(), $1, $2, $3, $5, $4, $5, $6)
  on conflict (tenant, case_id, step)
  do update set next = excluded.next, done_at_ms = excluded.done_at_ms, done_by = excluded.done_by`;

const MOVE = `
  update cases set state = $3, step = step + 1, pending = null, due_at_ms = coalesce($4, due_at_ms),
    wake_at_ms = $5, ended_at_ms = $6
  where id = $1 and step = $2 and ended_at_ms is null`;

/**
 * Moves a case on by one step, in the transaction that does what the step is for and writes its audit entry. The
 * caller holds the lock of the row (`lockCase`).
 * @param found the case as it was locked
 * @param by the id of an account, "operator:" and the name of a person, or "cases" for the server itself
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @throws WorkflowError case_moved, if the machine does not let the case go there from its state
 */
export async function moveCase(
  client: Client,
  machine: CaseMachine,
  found: Case,
  { to, wakeAtMs, dueAtMs, by }: StepOutcome & { readonly by: string },
  nowMs: number,
): Promise<void> {
  const { id, step, state } = found;
  const decision = decideMove(machine, state, to);
  if (!decision.allowed) throw moved(found, decision.reasons);
  await client.query(RECORD, [id, step, state, to, nowMs, by]);
  const wake = caseState(machine, to).isRun === true ? (wakeAtMs ?? nowMs) : null;
  const ended = isOver(machine, to) ? nowMs : null;
  const { rowCount } = await client.query(MOVE, [id, step, to, dueAtMs ?? null, wake, ended]);
  if (rowCount === 0) throw moved(found, []);
}

const moved = ({ state }: Case, reasons: readonly string[]): WorkflowError =>
  new WorkflowError(
    "case_moved",
    `The case does not allow this any more: its state is ${state}. Look at it again.`,
    { reasons },
  );
