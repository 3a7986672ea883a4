import type { AuditAction } from "../../audit/actions.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { Act, UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { DutyId } from "../../policies/breach/duties.ts";
import type { Taken } from "../../policies/breach/exposure.ts";
import { decideBreach } from "../../policies/breaches.ts";
import { assertLine } from "../assert-line.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase, type Case } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofBreach, readBreach, readBreachState } from "./breach-rows.ts";
import { breachMachine } from "./machine.ts";
import { assertDevices, assertPast, listed } from "./open-breach.ts";
import { wakeFor } from "./remind.ts";

type Recording = (client: Client, found: Case, nowMs: number) => Promise<void>;

/** Records something about a breach that is open, and sets its reminders anew. */
function record<A extends AuditAction>(
  deps: UseCase,
  party: Party,
  id: CaseId,
  act: Act<A>,
  work: Recording,
): Promise<void> {
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party) };
    note(assertParty(party, (actor) => decideBreach(actor, "record", facts)));
    await readBreach(client, id);
    const found = await lockCase(client, id);
    if (found.endedAtMs !== null) throw new WorkflowError("case_moved", "The breach is closed.");
    const nowMs = await readDatabaseClock(client);
    await work(client, found, nowMs);
    const { clocks } = await readBreachState(client, id, nowMs);
    const { wakeAtMs, dueAtMs } = wakeFor(clocks, nowMs);
    await client.query(
      `update cases set due_at_ms = $2, wake_at_ms = case when state = 'open' then $3 else wake_at_ms end
       where id = $1`,
      [id, dueAtMs ?? null, wakeAtMs],
    );
  });
}

/**
 * Records that more was taken than was known. The server assesses all accounts again, also those that an assessment which
 * is not over has done.
 * @throws WorkflowError case_not_found, case_moved, invalid_breach; IdentityError forbidden, device_required
 */
export function recordTaken(
  deps: UseCase,
  party: Party,
  { id, taken }: { readonly id: CaseId; readonly taken: readonly Taken[] },
): Promise<void> {
  const details = { taken: listed(taken) };
  const act = { action: "breach.record_taken", resource: ofBreach(id), details } as const;
  return record(deps, party, id, act, async (client, found, nowMs) => {
    for (const { atMs } of taken) assertPast(atMs, nowMs);
    await assertDevices(client, taken);
    await client.query(
      `update breaches set taken = taken || $2::jsonb, assessed_at_ms = null, assessed_until = null
       where case_id = $1`,
      [id, JSON.stringify(taken)],
    );
    await moveCase(client, breachMachine, found, { to: "assessing", by: nameOf(party) }, nowMs);
  });
}

/**
 * Records when the organisation classified the incident as major, from where DORA counts four hours.
 * @throws WorkflowError case_not_found, case_moved, invalid_breach; IdentityError forbidden, device_required
 */
export function recordClassification(
  deps: UseCase,
  party: Party,
  { id, atMs }: { readonly id: CaseId; readonly atMs: number },
): Promise<void> {
  const details = { atMs };
  const act = { action: "breach.record_classification", resource: ofBreach(id), details } as const;
  return record(deps, party, id, act, async (client, _found, nowMs) => {
    assertPast(atMs, nowMs);
    await client.query("update breaches set classified_at_ms = $2 where case_id = $1", [id, atMs]);
  });
}

/**
 * Records that a notice was sent. The clocks that count from it run from then on.
 * @throws WorkflowError case_not_found, case_moved, invalid_breach, notice_not_due; IdentityError forbidden, device_required
 */
export function recordNotice(
  deps: UseCase,
  party: Party,
  { id, duty, atMs }: { readonly id: CaseId; readonly duty: DutyId; readonly atMs: number },
): Promise<void> {
  const details = { duty, sentAtMs: atMs };
  const act = { action: "breach.record_notice", resource: ofBreach(id), details } as const;
  return record(deps, party, id, act, async (client, _found, nowMs) => {
    assertPast(atMs, nowMs);
    await insertNotice(
      client,
      { id, duty, sentAtMs: atMs, ground: null, by: nameOf(party) },
      nowMs,
    );
  });
}

/**
 * Records that a notice is not due, and why: for example that no risk to people is likely (GDPR Article 33(1)). Officers are
 * alerted.
 * @param asked.ground one line of at most 200 characters
 * @throws WorkflowError case_not_found, case_moved, invalid_breach, notice_not_due; IdentityError forbidden, device_required
 */
export function waiveNotice(
  deps: UseCase,
  party: Party,
  { id, duty, ground }: { readonly id: CaseId; readonly duty: DutyId; readonly ground: string },
): Promise<void> {
  const act = { action: "breach.waive_notice", resource: ofBreach(id), details: { duty } } as const;
  return record(deps, party, id, act, async (client, _found, nowMs) => {
    assertLine("invalid_breach", "ground", ground);
    await insertNotice(client, { id, duty, sentAtMs: null, ground, by: nameOf(party) }, nowMs);
  });
}

interface NewNotice {
  readonly id: CaseId;
  readonly duty: DutyId;
  readonly sentAtMs: number | null;
  readonly ground: string | null;
  readonly by: string;
}

/** @throws WorkflowError notice_not_due */
async function insertNotice(
  client: Client,
  { id, duty, sentAtMs, ground, by }: NewNotice,
  nowMs: number,
): Promise<void> {
  const { clocks } = await readBreachState(client, id, nowMs);
  const { rowCount } = await client.query(
    `insert into breach_notices (tenant, case_id, duty, sent_at_ms, ground, recorded_by, recorded_at_ms)
     select sealdesk.current_tenant(), $1, $2, $3, $4, $5, $6 where $7
     on conflict (tenant, case_id, duty) do nothing`,
    [id, duty, sentAtMs, ground, by, nowMs, clocks.some((clock) => clock.duty === duty)],
  );
  if (rowCount === 0)
    throw new WorkflowError(
      "notice_not_due",
      "The breach has no such notice, or it is recorded already. See the list of its clocks.",
    );
}
