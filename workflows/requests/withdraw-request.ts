import { appendEntry } from "../../audit/append-entry.ts";
import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import {
  assertParty,
  auditBesides,
  auditedBy,
  nameOf,
  tenantOf,
  type Party,
} from "../../identity/party.ts";
import { decideRequest } from "../../policies/requests.ts";
import { ofCase } from "../cases/stored-case.ts";
import { stopErasure, type StopDeps } from "../erasure/stop-erasure.ts";
import { WorkflowError } from "../workflow-error.ts";
import { withLink, type RequestLink } from "./linked-request.ts";
import {
  endWithdrawn,
  ofRequest,
  readRequest,
  requestNotFound,
  type StoredRequest,
} from "./stored-request.ts";

/**
 * Ends a request at the wish of the person: by the person, or by an officer on their behalf. Its erasure ends too, as long
 * as nothing is destroyed.
 * @throws WorkflowError request_not_found; case_moved, if it is over or keys may be destroyed by now; IdentityError
 *   forbidden, device_required
 */
export async function withdrawRequest(
  deps: UseCase & StopDeps,
  party: Party,
  id: CaseId,
): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "request.withdraw", resource: ofRequest(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const request = await readRequest(client, id);
    const { subject, erasure } = request;
    const facts = { tenant, subject };
    if ("actor" in party && !decideRequest(party.actor, "read", facts).allowed)
      throw requestNotFound();
    const decided = assertParty(party, (actor) => decideRequest(actor, "withdraw", facts));
    const about = { ...decided, ...(subject !== null && { subject }) };
    note({ ...about, details: await withdraw(deps, client, tenant, request, nameOf(party)) });
    if (erasure === null) return;
    const besides = { action: "erasure.withdraw", resource: ofCase(erasure.id) } as const;
    await auditBesides(deps, client, party, { ...besides, ...about });
  });
}

/** Who the audit log names for somebody who has the link of a request. */
const LINK = { kind: "system", id: "request-link" } as const;

/**
 * The same, by whoever has the link of the request. The account is fenced by then, so nobody can sign in with it.
 * @throws WorkflowError request_not_found; case_moved, if it is over or keys may be destroyed by now
 */
export const withdrawByLink = (deps: UseCase & StopDeps, link: RequestLink): Promise<void> =>
  withLink(deps, link, async (client, tenant, request) => {
    const { id, subject, erasure } = request;
    const details = await withdraw(deps, client, tenant, request, LINK.id);
    const entry = {
      occurredAtMs: deps.now(),
      tenant,
      actor: LINK,
      outcome: "success" as const,
      ...(subject !== null && { subject }),
    };
    if (erasure !== null)
      await appendEntry(client, {
        ...entry,
        action: "erasure.withdraw",
        resource: ofCase(erasure.id),
      });
    const act = { action: "request.withdraw", resource: ofRequest(id), details } as const;
    await appendEntry(client, { ...entry, ...act });
  });

/** @throws WorkflowError case_moved, erasure_interrupted */
async function withdraw(
  deps: StopDeps,
  client: Client,
  tenant: TenantId,
  { id, erasure }: StoredRequest,
  by: string,
) {
  const nowMs = await readDatabaseClock(client);
  if (erasure !== null) await stopErasure(deps, client, { tenant, id: erasure.id, by }, nowMs);
  const details = await endWithdrawn(client, id, by, nowMs);
  const { erasure: present } = await readRequest(client, id);
  if (present?.id !== erasure?.id)
    throw new WorkflowError("case_moved", "The request was just accepted. Try again.");
  return details;
}
