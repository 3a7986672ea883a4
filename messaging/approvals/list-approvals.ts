import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { isUnaltered } from "../../identity/approvals/request-approval.ts";
import {
  readApproval,
  readOpenApprovals,
  type StoredApproval,
} from "../../identity/approvals/stored-approvals.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { decideApprovals } from "../../policies/approvals.ts";
import type { AnswerDeps, ApprovalKinds } from "./approval-kind.ts";
import { kindOf } from "./answer-approval.ts";

type ListDeps = Pick<AnswerDeps, "pool" | "now" | "kinds">;

/**
 * Returns the requests that wait for another person, the oldest first: those that the actor may read.
 * @throws IdentityError forbidden
 */
export function listApprovals(deps: ListDeps, party: Party): Promise<readonly StoredApproval[]> {
  const tenant = tenantOf(party);
  const act = { action: "approval.list", resource: { type: "approval", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideApprovals(actor, tenant));
    const open = await readOpenApprovals(client, deps.now());
    const shown: StoredApproval[] = [];
    for (const each of open) if (await mayRead(client, deps.kinds, party, each)) shown.push(each);
    note({ ...decided, details: { found: shown.length } });
    return shown;
  });
}

/**
 * Returns one request, also if it was answered.
 * @throws IdentityError approval_not_found, also for one that the actor may not read; approval_changed, forbidden
 */
export function showApproval(deps: ListDeps, party: Party, id: Uuid): Promise<StoredApproval> {
  const tenant = tenantOf(party);
  const act = { action: "approval.read", resource: { type: "approval", id } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideApprovals(actor, tenant)));
    const approval = await readApproval(client, id);
    if (!(await mayRead(client, deps.kinds, party, approval)))
      throw new IdentityError("approval_not_found", "There is no such request for an approval.");
    if (!isUnaltered(approval))
      throw new IdentityError(
        "approval_changed",
        "Somebody has changed this request in the database. Refuse it.",
      );
    return approval;
  });
}

/** Another release may have stored kinds of acts that this one does not know. It shows none of them. */
async function mayRead(
  client: Client,
  kinds: ApprovalKinds,
  party: Party,
  approval: StoredApproval,
): Promise<boolean> {
  const kind = kindOf(kinds, approval);
  if (kind === undefined) return false;
  return !("actor" in party) || (await kind.decideRead(party.actor, approval, client)).allowed;
}
