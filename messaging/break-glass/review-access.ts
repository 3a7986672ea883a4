import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { MessagingError } from "../messaging-error.ts";
import {
  accessFacts,
  ofAccess,
  readAccess,
  readAccesses,
  type Access,
  type Finding,
} from "./access-row.ts";

/**
 * Records what an officer found about an access that is over. An access is reviewed once.
 * @throws MessagingError access_not_found, access_not_ended; IdentityError forbidden, device_required
 */
export async function reviewAccess(
  deps: UseCase,
  party: Party,
  { id, finding }: { readonly id: Uuid; readonly finding: Finding },
): Promise<void> {
  const act = {
    action: "break_glass.review",
    resource: ofAccess(id),
    details: { finding },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const access = await readAccess(client, id, nowMs);
    const { conversation, requester } = access;
    const facts = accessFacts(tenantOf(party), access);
    const decided = assertParty(party, (actor) => decideBreakGlass(actor, "review", facts));
    const { rowCount } = await client.query(
      `update break_glass set reviewed_by = $2, reviewed_at_ms = $3, finding = $4
       where id = $1 and ended_at_ms is not null`,
      [id, nameOf(party), nowMs, finding],
    );
    if (rowCount === 0)
      throw new MessagingError(
        "access_not_ended",
        "This access was never granted, is not over yet, or was reviewed before.",
      );
    note({ ...decided, subject: requester, details: { finding, conversation } });
  });
}

/** The requests that a list shows. */
const MOST_LISTED = 200;

/**
 * Returns the last requests for access and what became of them, the newest first: those that the actor may read.
 * @throws IdentityError forbidden, for roles that may read none
 */
export function listAccesses(deps: UseCase, party: Party): Promise<readonly Access[]> {
  const tenant = tenantOf(party);
  const act = { action: "break_glass.list", resource: ofAccess(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    // An agent sees their own only.
    const decided = assertParty(party, (actor) =>
      decideBreakGlass(actor, "read", { tenant, requester: actor.user }),
    );
    const all = await readAccesses(client, deps.now(), MOST_LISTED);
    const shown = all.filter(
      (each) =>
        !("actor" in party) ||
        decideBreakGlass(party.actor, "read", accessFacts(tenant, each)).allowed,
    );
    note({ ...decided, details: { found: shown.length } });
    return shown;
  });
}
