import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { erasureMachine } from "./machine.ts";

// A replay after a restore destroys what the ledger says, and leaves the case where the backup had it.
const HAS_DESTROYED = `
  select exists (select from erasure_items where case_id = $1 and outcome = 'erased')
    or exists (select from erasures e join users u on u.tenant = e.tenant and u.id = e.subject
      where e.case_id = $1 and u.erased_at_ms is not null) as "hasDestroyed"`;

/**
 * Ends an erasure of which nothing was destroyed yet, in the caller's transaction. The ledger is not told: see `stopErasure`. The
 * account and its conversations are as they were before, but its sessions stay ended. Nothing is suppressed.
 * @param by as `nameOf` returns it
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @throws WorkflowError case_moved, if keys were destroyed or may be by now, or it is over
 */
export async function endErasure(
  client: Client,
  id: CaseId,
  by: string,
  nowMs: number,
): Promise<void> {
  const found = await lockCase(client, id);
  const { rows } = await client.query<{ hasDestroyed: boolean }>(HAS_DESTROYED, [id]);
  if (rows[0]?.hasDestroyed !== false)
    throw new WorkflowError(
      "case_moved",
      "A part of the data is erased already, so the erasure cannot be withdrawn. Look at its page.",
    );
  await moveCase(client, erasureMachine, found, { to: "withdrawn", by }, nowMs);
  await client.query("select sealdesk.lift_fence($1)", [id]);
}
