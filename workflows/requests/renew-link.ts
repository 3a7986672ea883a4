import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideRequest } from "../../policies/requests.ts";
import { makeLink, ofRequest, readRequest } from "./stored-request.ts";

/**
 * Makes a new link to the page of a request, for a person who lost the former one or whose link is in other hands. All
 * former links are revoked at once.
 * @returns the link. Its secret is not shown again
 * @throws WorkflowError request_not_found; IdentityError forbidden, device_required
 */
export function renewLink(
  deps: UseCase & { readonly publicUrl: string },
  party: Party,
  id: CaseId,
): Promise<string> {
  const act = { action: "request.renew_link", resource: ofRequest(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (of: UserId | null) =>
      assertParty(party, (actor) =>
        decideRequest(actor, "renew_link", { tenant: tenantOf(party), subject: of }),
      );
    // Whoever may renew none does not learn which exist.
    assertMay(null);
    const { subject } = await readRequest(client, id);
    const decided = assertMay(subject);
    const nowMs = await readDatabaseClock(client);
    const { rowCount } = await client.query(
      "update request_links set revoked_at_ms = $2 where request = $1 and revoked_at_ms is null",
      [id, nowMs],
    );
    const details = { revoked: rowCount ?? 0 };
    note({ ...decided, ...(subject !== null && { subject }), details });
    return makeLink(client, deps.publicUrl, id, nowMs);
  });
}
