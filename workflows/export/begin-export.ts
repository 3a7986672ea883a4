import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import { audited, assertAllowedOnDevice, type UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCopy, decideRequest } from "../../policies/requests.ts";
import { moveCase } from "../cases/move-case.ts";
import { openCase } from "../cases/open-case.ts";
import { lockCase, ofCase } from "../cases/stored-case.ts";
import { readRequest, requestNotFound } from "../requests/stored-request.ts";
import { WorkflowError } from "../workflow-error.ts";
import { exportMachine } from "./machine.ts";

/**
 * Begins the copy that answers an accepted request, for the device of the person who asked. You may repeat it with the same
 * id. An export of the same request that is not over is superseded.
 * @param asked.id the id of the case, which the device makes
 * @throws WorkflowError request_not_found, also if it is somebody else's; right_not_available, if the request is not for a
 *   copy; case_moved, if it is not accepted; IdentityError forbidden, device_required
 */
export function beginExport(
  deps: UseCase,
  actor: Actor,
  { id, request }: { readonly id: CaseId; readonly request: CaseId },
): Promise<void> {
  const { tenant, user, device } = actor;
  const act = { action: "export.begin", resource: ofCase(id), details: { request } } as const;
  return audited(deps, actor, act, async (client, note) => {
    const decision = decideRequest(actor, "export", { tenant, subject: user });
    assertAllowedOnDevice(decision);
    if (device === undefined)
      throw new IdentityError("device_required", "Register this device first.");
    const { subject, right } = await readRequest(client, request);
    if (subject !== user) throw requestNotFound();
    note({ decision, subject: user });
    const { state } = await lockCase(client, request);
    const copy = decideCopy({ right, state });
    if (!copy.allowed) throw refused(copy.reasons);
    if (await wasBegun(client, id, request)) return;
    const nowMs = await readDatabaseClock(client);
    await supersede(client, request, user, nowMs);
    await openCase(client, exportMachine, { id, subject: user }, nowMs);
    await client.query(
      "insert into exports (tenant, case_id, subject, request, device) values ($1, $2, $3, $4, $5)",
      [tenant, id, user, request, device],
    );
  });
}

const refused = (reasons: readonly string[]): WorkflowError =>
  reasons.includes("not_accepted")
    ? new WorkflowError(
        "case_moved",
        "The request is not accepted, or it is over. Look at its state.",
        { reasons },
      )
    : new WorkflowError(
        "right_not_available",
        "This request is not for a copy of your data. Ask for access or portability.",
        { reasons },
      );

async function wasBegun(client: Client, id: CaseId, request: CaseId): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from exports where case_id = $1 and request = $2",
    [id, request],
  );
  return rowCount === 1;
}

/** Ends the exports of the request that are not over. */
async function supersede(
  client: Client,
  request: CaseId,
  by: string,
  nowMs: number,
): Promise<void> {
  const { rows } = await client.query<{ id: CaseId }>(
    `select x.case_id as id from exports x join cases c on c.tenant = x.tenant and c.id = x.case_id
     where x.request = $1 and c.ended_at_ms is null order by x.case_id`,
    [request],
  );
  for (const { id } of rows) {
    const found = await lockCase(client, id);
    if (found.endedAtMs === null)
      await moveCase(client, exportMachine, found, { to: "superseded", by }, nowMs);
  }
}
