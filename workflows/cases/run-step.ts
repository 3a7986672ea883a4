import { appendEntry } from "../../audit/append-entry.ts";
import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { caseState, retryAfterMs } from "../../policies/case-machine.ts";
import { DomainError } from "../../policies/domain-error.ts";
import { assertMayDestroy } from "./assert-may-destroy.ts";
import { CasePending, type CaseKind, type StepOutcome } from "./case-kind.ts";
import { moveCase } from "./move-case.ts";
import { lockFreeCase, ofCase, type Case } from "./stored-case.ts";

export interface RunDeps {
  readonly pool: Pool;
  /** The clock of the node, in milliseconds since the Unix epoch. It is compared with the database's. */
  readonly now: () => number;
  /** Is told of errors that are no refusals, which the case shows as `internal_error`. */
  readonly onError: (error: unknown) => void;
}

/** Who the audit log and the steps name for what the server does. */
const SERVER = "cases";

/**
 * Takes the next step of a case, if it is time and nobody else does. What the step does, its record, its audit entry
 * and the next state are committed together or not at all. Before that, the attempt is recorded. If the step cannot
 * be done, the case says why, and the step is tried again later. If the process dies, another one tries it again.
 * @returns false if there was nothing to do
 */
export async function runStep(
  deps: RunDeps,
  kind: CaseKind,
  { tenant, id }: { readonly tenant: TenantId; readonly id: CaseId },
): Promise<boolean> {
  const begun = await beginStep(deps.pool, kind, tenant, id);
  if (begun === undefined) return false;
  try {
    return await takeStep(deps, kind, tenant, begun);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === INTERNAL) deps.onError(error);
    await recordPending(deps.pool, tenant, begun, reason);
    return true;
  }
}

const BEGIN = `
  insert into case_steps (tenant, case_id, step, state, begun_at_ms)
  values (sealdesk.current_tenant(), $1, $2, $3, $4)
  on conflict (tenant, case_id, step) do update set attempts = case_steps.attempts + 1
  returning attempts`;

/** Records that the step is tried, and when it is tried again unless it is done by then. */
const beginStep = (
  pool: Pool,
  { machine }: CaseKind,
  tenant: TenantId,
  id: CaseId,
): Promise<Case | undefined> =>
  inTransaction(pool, tenant, async (client) => {
    const found = await lockFreeCase(client, id);
    const nowMs = await readDatabaseClock(client);
    if (found === undefined || found.wakeAtMs === null || found.wakeAtMs > nowMs) return undefined;
    if (caseState(machine, found.state).isRun !== true) return undefined;
    const values = [id, found.step, found.state, nowMs];
    const { rows } = await client.query<{ attempts: number }>(BEGIN, values);
    await client.query("update cases set wake_at_ms = $2 where id = $1", [
      id,
      nowMs + retryAfterMs(rows[0]?.attempts ?? 1),
    ]);
    return found;
  });

/** @returns false if the case has moved since the attempt began */
const takeStep = (
  { pool, now }: RunDeps,
  { machine, steps }: CaseKind,
  tenant: TenantId,
  begun: Case,
): Promise<boolean> =>
  inTransaction(pool, tenant, async (client) => {
    const found = await lockFreeCase(client, begun.id);
    if (found === undefined || found.step !== begun.step) return false;
    const { id, state, step: number, subject } = found;
    const nowMs = await readDatabaseClock(client);
    if (caseState(machine, state).isDestructive === true) assertMayDestroy(now(), nowMs);
    const step = steps[state];
    if (step === undefined) throw new Error(`a case of ${machine.kind} has no step ${state}`);
    const key = `${id}:${number}` as const;
    const outcome: StepOutcome = await step({ client, tenant, found, key, nowMs });
    const doneAtMs = await readDatabaseClock(client);
    await moveCase(client, machine, found, { ...outcome, by: SERVER }, doneAtMs);
    await appendEntry(client, {
      ...entryOf(tenant, found, doneAtMs),
      action: "case.step",
      outcome: "success",
      ...(subject !== null && { subject }),
      details: { kind: machine.kind, step: number, from: state, to: outcome.to },
    });
    return true;
  });

const INTERNAL = "internal_error";

/** Returns why a step was not done, as the case shows it. */
function reasonOf(error: unknown): string {
  if (error instanceof CasePending) return error.reason;
  return error instanceof DomainError ? error.code : INTERNAL;
}

/** Shows the reason, and records it if it is another one than before. */
const recordPending = (
  pool: Pool,
  tenant: TenantId,
  { id, step }: Case,
  reason: string,
): Promise<void> =>
  inTransaction(pool, tenant, async (client: Client) => {
    const found = await lockFreeCase(client, id);
    if (found === undefined || found.step !== step || found.pending === reason) return;
    await client.query("update cases set pending = $2 where id = $1", [id, reason]);
    await appendEntry(client, {
      ...entryOf(tenant, found, await readDatabaseClock(client)),
      action: "case.pending",
      outcome: "failed",
      reason,
      ...(found.subject !== null && { subject: found.subject }),
      details: { kind: found.kind, step, state: found.state },
    });
  });

const entryOf = (tenant: TenantId, { id }: Case, occurredAtMs: number) => ({
  occurredAtMs,
  tenant,
  actor: { kind: "system" as const, id: SERVER },
  resource: ofCase(id),
});
