import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideRequest } from "../../policies/requests.ts";
import {
  ofRequest,
  readRequest,
  requestNotFound,
  SELECT_REQUEST,
  type StoredRequest,
} from "./stored-request.ts";

/** The requests that a list shows. */
const MOST_LISTED = 200;

/**
 * Returns the last requests that the actor may see, the newest first: an officer those of the tenant, a customer their
 * own.
 * @param all also those that are answered or refused
 * @throws IdentityError forbidden, for roles that see none
 */
export function listRequests(
  deps: UseCase,
  party: Party,
  { all }: { readonly all: boolean },
): Promise<readonly StoredRequest[]> {
  const tenant = tenantOf(party);
  const act = { action: "request.list", resource: { type: "request", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideRequest(actor, "read", { tenant, subject: actor.user }),
    );
    const isForAll =
      !("actor" in party) || decideRequest(party.actor, "read", { tenant, subject: null }).allowed;
    const { rows } = await client.query<StoredRequest>(
      `${SELECT_REQUEST} where ($1 or c.ended_at_ms is null) and ($2::uuid is null or c.subject = $2)
       order by c.opened_at_ms desc, r.id desc limit ${MOST_LISTED}`,
      [all, isForAll || !("actor" in party) ? null : party.actor.user],
    );
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

/** Returns a request. @throws WorkflowError request_not_found, also for one that the actor may not read */
export function showRequest(deps: UseCase, party: Party, id: CaseId): Promise<StoredRequest> {
  const act = { action: "request.read", resource: ofRequest(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const request = await readRequest(client, id);
    const { subject } = request;
    const facts = { tenant: tenantOf(party), subject };
    if ("actor" in party && !decideRequest(party.actor, "read", facts).allowed)
      throw requestNotFound();
    const decided = assertParty(party, (actor) => decideRequest(actor, "read", facts));
    note({ ...decided, ...(subject !== null && { subject }) });
    return request;
  });
}
