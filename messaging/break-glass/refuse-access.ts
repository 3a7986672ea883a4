import type { Uuid } from "../../crypto/wire/uuid.ts";
import { refuseApproval, withdrawApproval } from "../../identity/approvals/execute-approved.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { accessFacts, ofAccess, readAccess } from "./access-row.ts";

/**
 * Refuses a request for access. One person is enough.
 * @throws MessagingError access_not_found; IdentityError approval_used, forbidden, device_required
 */
export async function refuseAccess(deps: UseCase, party: Party, id: Uuid): Promise<void> {
  const act = { action: "break_glass.refuse", resource: ofAccess(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const access = await readAccess(client, id, nowMs);
    const facts = accessFacts(tenantOf(party), access);
    const decided = assertParty(party, (actor) => decideBreakGlass(actor, "refuse", facts));
    await refuseApproval(client, id, nameOf(party), nowMs);
    note({ ...decided, details: { conversation: access.conversation } });
  });
}

/**
 * Takes a request for access back before it is granted.
 * @throws MessagingError access_not_found; IdentityError approval_used, forbidden
 */
export async function withdrawAccess(deps: UseCase, party: Party, id: Uuid): Promise<void> {
  const act = { action: "break_glass.withdraw", resource: ofAccess(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const access = await readAccess(client, id, nowMs);
    const facts = accessFacts(tenantOf(party), access);
    const decided = assertParty(party, (actor) => decideBreakGlass(actor, "end", facts));
    await withdrawApproval(client, id, nowMs);
    note({ ...decided, details: { conversation: access.conversation } });
  });
}
