import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { lockAccount } from "../../identity/directory/lock-account.ts";
import { userNotFound } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { requestMachine } from "../../policies/request-machine.ts";
import { decideRequest } from "../../policies/requests.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { findOpen } from "./open-request.ts";
import { receiveAgain } from "./receive-request.ts";
import { ofRequest, readRequest } from "./stored-request.ts";

/**
 * Says of which account a request is that came by e-mail. If the person has an open request for the same, both are one
 * case, and the earliest receipt starts the clock.
 * @returns the id of the request that goes on
 * @throws WorkflowError request_not_found; case_moved, if it is of an account already, or over; IdentityError
 *   user_not_found, forbidden, device_required
 */
export function assignRequest(
  deps: UseCase,
  party: Party,
  { id, subject }: { readonly id: CaseId; readonly subject: UserId },
): Promise<CaseId> {
  const act = { action: "request.assign", resource: ofRequest(id), subject } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party), subject };
    const decided = assertParty(party, (actor) => decideRequest(actor, "assign", facts));
    const { right, residence, receivedAtMs } = await readRequest(client, id);
    if ((await lockAccount(client, subject)) === undefined) throw userNotFound();
    const open = await findOpen(client, subject, right);
    const found = await lockCase(client, id);
    if (found.subject !== null)
      throw new WorkflowError("case_moved", "Somebody has said already whose request this is.");
    const nowMs = await readDatabaseClock(client);
    if (open === undefined) {
      const { rows } = await client.query<{ assigned: boolean }>(
        "select sealdesk.assign_request($1, $2) as assigned",
        [id, subject],
      );
      if (rows[0]?.assigned !== true)
        throw new WorkflowError("case_moved", "The request is over by now.");
    } else {
      await moveCase(client, requestMachine, found, { to: "merged", by: nameOf(party) }, nowMs);
      await client.query("select sealdesk.merge_request($1, $2)", [id, open.id]);
      await receiveAgain(client, open, { right, residence, receivedAtMs }, nowMs);
    }
    const request = open?.id ?? id;
    note({ ...decided, details: { right, request, isMerged: open !== undefined } });
    return request;
  });
}
