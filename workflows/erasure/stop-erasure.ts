import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { erasureMachine } from "./machine.ts";

/**
 * Ends an erasure of which nothing was destroyed yet, in the caller's transaction, which also writes the audit entry. The
 * account and its conversations are as they were before, but its sessions stay ended. Nothing is suppressed.
 * @param by as `nameOf` returns it
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @throws WorkflowError case_moved, if keys may be destroyed by now, or it is over
 */
export async function stopErasure(
  client: Client,
  id: CaseId,
  by: string,
  nowMs: number,
): Promise<void> {
  const found = await lockCase(client, id);
  await moveCase(client, erasureMachine, found, { to: "withdrawn", by }, nowMs);
  await client.query("select sealdesk.lift_fence($1)", [id]);
}
