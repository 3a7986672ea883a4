import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import {
  assertParty,
  auditBesides,
  auditedBy,
  nameOf,
  tenantOf,
  type Party,
} from "../../identity/party.ts";
import { decideErasure } from "../../policies/erasures.ts";
import { ofCase } from "../cases/stored-case.ts";
import { endWithdrawn, ofRequest } from "../requests/stored-request.ts";
import { readErasure } from "./erasure-rows.ts";
import { stopErasure, type StopDeps } from "./stop-erasure.ts";

/**
 * Ends an erasure at the wish of the person, as long as its plan can be contested. The request that began it is withdrawn
 * too.
 * @throws WorkflowError case_not_found; case_moved, if keys may be destroyed by now; erasure_interrupted; IdentityError
 *   forbidden, device_required
 */
export async function withdrawErasure(
  deps: UseCase & StopDeps,
  party: Party,
  id: CaseId,
): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "erasure.withdraw", resource: ofCase(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (subject: string | null) =>
      assertParty(party, (actor) => decideErasure(actor, "withdraw", { tenant, subject }));
    // Whoever may withdraw none does not learn which exist.
    assertMay(null);
    const { subject } = await readErasure(client, id);
    const decided = assertMay(subject);
    const nowMs = await readDatabaseClock(client);
    await stopErasure(deps, client, { tenant, id, by: nameOf(party) }, nowMs);
    note({ ...decided, subject });
    // The erasure is locked now, so no other request can join it.
    const { request } = await readErasure(client, id);
    if (request === null) return;
    const details = await endWithdrawn(client, request, nameOf(party), nowMs);
    const besides = { action: "request.withdraw", resource: ofRequest(request) } as const;
    await auditBesides(deps, client, party, { ...besides, ...decided, subject, details });
  });
}
