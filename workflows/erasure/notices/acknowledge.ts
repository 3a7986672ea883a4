import { nilId, type CaseId, type DeviceId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { readDatabaseClock } from "../../../db/database-clock.ts";
import { assertAllowedOnDevice, audited, type UseCase } from "../../../identity/audited.ts";
import type { Actor } from "../../../policies/actor.ts";
import { decideCases } from "../../../policies/cases.ts";
import { caseNotFound, lockFreeCase, ofCase } from "../../cases/stored-case.ts";
import { lockAnswers, supplement, type SupplementDeps } from "./supplement.ts";

const ACKNOWLEDGE = `
  update erasure_notices n set acknowledged_at_ms = coalesce(n.acknowledged_at_ms, $3)
  from erasure_notices before
  where n.case_id = $1 and n.device = $2 and before.case_id = n.case_id and before.device = n.device
  returning before.acknowledged_at_ms is null as "isNew"`;

const SILENT =
  "select from erasure_notices where case_id = $1 and acknowledged_at_ms is null limit 1";

/**
 * Records that the actor's device has removed its copies of what an erasure covers. If the erasure is certified, a new
 * certificate says so. A repeat changes nothing.
 * @throws WorkflowError case_not_found: the device was not told of such an erasure; IdentityError device_required, forbidden;
 *   AuditError audit_log_altered, audit_log_behind; KeysError kms_...
 */
export async function acknowledgeErasure(
  deps: UseCase & SupplementDeps,
  actor: Actor,
  id: CaseId,
): Promise<void> {
  const { tenant, device = nilId<DeviceId>() } = actor;
  const act = { action: "erasure.acknowledge", resource: ofCase(id) } as const;
  await audited(deps, actor, act, async (client, note) => {
    const decision = decideCases(actor, "acknowledge", { tenant, subject: null, device });
    note({ decision });
    assertAllowedOnDevice(decision);
    await lockAnswers(client, id);
    const nowMs = await readDatabaseClock(client);
    const { rows } = await client.query<{ isNew: boolean }>(ACKNOWLEDGE, [id, device, nowMs]);
    const [answer] = rows;
    if (answer === undefined) throw caseNotFound();
    if (!answer.isNew) return;
    await supplement(client, deps, { tenant, id }, nowMs);
    await goOn(client, id, nowMs);
  });
}

/** Has an erasure that waits for its devices go on, if all have answered. */
async function goOn(client: Client, id: CaseId, nowMs: number): Promise<void> {
  const { rowCount: silent } = await client.query(SILENT, [id]);
  if (silent !== 0 || (await lockFreeCase(client, id))?.state !== "informing") return;
  await client.query("update cases set wake_at_ms = $2 where id = $1", [id, nowMs]);
}
