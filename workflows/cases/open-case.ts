import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { caseState, type CaseMachine } from "../../policies/case-machine.ts";

/** A case that is opened. */
export interface NewCase {
  readonly id: CaseId;
  /** The account that the case is about, if it is about one. */
  readonly subject: UserId | null;
  /** Until when the law wants an answer, in milliseconds since the Unix epoch. */
  readonly dueAtMs?: number | undefined;
  /** When the server takes the first step, in milliseconds since the Unix epoch; at once by default. */
  readonly wakeAtMs?: number | undefined;
}

/**
 * Opens a case in the caller's transaction, which also writes the audit entry of the act that opens it. The server
 * takes the first step as soon as the transaction is committed, or when `wakeAtMs` says.
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 */
export async function openCase(
  client: Client,
  machine: CaseMachine,
  { id, subject, dueAtMs, wakeAtMs }: NewCase,
  nowMs: number,
): Promise<void> {
  const { kind, first } = machine;
  const wake = caseState(machine, first).isRun === true ? (wakeAtMs ?? nowMs) : null;
  await client.query(
    `insert into cases (tenant, id, kind, subject, state, opened_at_ms, due_at_ms, wake_at_ms)
     values (sealdesk.current_tenant(), $1, $2, $3, $4, $5, $6, $7)`,
    [id, kind, subject, first, nowMs, dueAtMs ?? null, wake],
  );
}
