import { appendEntry } from "../../audit/append-entry.ts";
import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { requestMachine } from "../../policies/request-machine.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { ofRequest, readRequest } from "./stored-request.ts";

/** Who the audit log names for what the server does to requests. */
const SERVER = "cases";

/**
 * Answers an accepted request, because what was asked for is done: in the transaction that does it.
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 */
export async function answerRequest(
  client: Client,
  tenant: TenantId,
  id: CaseId,
  nowMs: number,
): Promise<void> {
  const found = await lockCase(client, id);
  if (found.state !== "accepted") return;
  await moveCase(client, requestMachine, found, { to: "answered", by: SERVER }, nowMs);
  const { right, subject, dueAtMs } = await readRequest(client, id);
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: SERVER },
    action: "request.answer",
    resource: ofRequest(id),
    outcome: "success",
    ...(subject !== null && { subject }),
    details: { right, isOverdue: nowMs >= dueAtMs },
  });
}
