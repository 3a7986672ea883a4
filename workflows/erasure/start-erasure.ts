import type { CaseId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { lockAccount } from "../../identity/directory/lock-account.ts";
import { openCase } from "../cases/open-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { assertErasable } from "./assert-erasable.ts";
import { erasureMachine } from "./machine.ts";

/** An erasure that is to begin. */
export interface NewErasure {
  readonly subject: UserId;
  /** The provision on which the person relies: one line of at most 200 characters. */
  readonly law: string;
  /** When the request was received, in milliseconds since the Unix epoch; now by default. */
  readonly receivedAtMs?: number | undefined;
  /** How long the plan can be contested before anything is destroyed, in milliseconds. */
  readonly windowMs: number;
}

/**
 * Begins the erasure of a person in the caller's transaction, which also writes the audit entry. It locks the running
 * erasures of the person, and then the account: call it before you lock the case of a request.
 * @param request the request that asks for it. A running erasure that no request began yet becomes that of the request
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @returns the id of the case, which is that of the running erasure if the request joined it
 * @throws WorkflowError subject_not_found; last_administrator; erasure_running, if one of the person is not over
 */
export async function startErasure(
  client: Client,
  tenant: TenantId,
  erasure: NewErasure & { readonly id: CaseId; readonly request?: CaseId | undefined },
  nowMs: number,
): Promise<CaseId> {
  const { id, subject, law, receivedAtMs, windowMs, request } = erasure;
  await findRunning(client, subject);
  const account = await lockAccount(client, subject);
  if (account === undefined)
    throw new WorkflowError("subject_not_found", "The tenant has no such account. Check the id.");
  // Whoever held the lock of the account may have begun one.
  const running = await findRunning(client, subject);
  if (running !== undefined) {
    if (request === undefined || !(await join(client, running, request))) throw erasureRunning();
    return running;
  }
  await assertErasable(client, tenant, subject);
  await openCase(client, erasureMachine, { id, subject }, nowMs);
  await client.query(
    `insert into erasures (tenant, case_id, subject, law, received_at_ms, window_ms, request)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenant, id, subject, law, receivedAtMs ?? nowMs, windowMs, request ?? null],
  );
  return id;
}

/** Locks the erasure of the person that is not over. */
async function findRunning(client: Client, subject: UserId): Promise<CaseId | undefined> {
  const { rows } = await client.query<{ id: CaseId }>(
    "select id from cases where kind = $1 and subject = $2 and ended_at_ms is null order by id for update",
    [erasureMachine.kind, subject],
  );
  return rows[0]?.id;
}

/** Has the request be answered by an erasure that runs already. @returns false if another request began it */
async function join(client: Client, erasure: CaseId, request: CaseId): Promise<boolean> {
  const { rowCount } = await client.query(
    "update erasures set request = $2 where case_id = $1 and request is null",
    [erasure, request],
  );
  return rowCount === 1;
}

export const erasureRunning = (): WorkflowError =>
  new WorkflowError(
    "erasure_running",
    "An erasure of this person is not over. Look at the cases of the organisation.",
  );
