import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { endErasure } from "./end-erasure.ts";
import { readErasure } from "./erasure-rows.ts";
import { recordWithdrawal } from "./record-withdrawal.ts";

/** What ending an erasure needs besides its transaction. */
export interface StopDeps {
  readonly withLedger: WithLedger;
}

/**
 * Ends an erasure of which nothing was destroyed yet, in the caller's transaction, which also writes the audit entry. The
 * ledger keeps that, for a backup that is put back.
 * @param stopped.by as `nameOf` returns it
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @throws WorkflowError case_moved, if keys were destroyed or may be by now, or it is over; erasure_interrupted
 */
export async function stopErasure(
  { withLedger }: StopDeps,
  client: Client,
  { tenant, id, by }: { readonly tenant: TenantId; readonly id: CaseId; readonly by: string },
  nowMs: number,
): Promise<void> {
  await endErasure(client, id, by, nowMs);
  const { subject } = await readErasure(client, id);
  await recordWithdrawal(client, withLedger, { tenant, subject, case: id, atMs: nowMs });
}
