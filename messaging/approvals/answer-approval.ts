import type { Uuid } from "../../crypto/wire/uuid.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readApproval, type StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { tenantOf, type Party } from "../../identity/party.ts";
import { approveVersion } from "../../identity/policy/approve-version.ts";
import type { PolicyDeps } from "../../identity/policy/policy-deps.ts";
import { withdrawVersion } from "../../identity/policy/withdraw-version.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { decideNotice } from "../../policies/notices.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import type {
  AnswerDeps,
  ApprovalDeps,
  ApprovalKind,
  ApprovalKinds,
  Approved,
} from "./approval-kind.ts";
import { demandedKind } from "./demanded-kind.ts";
import { approveAccess } from "../break-glass/approve-access.ts";
import { refuseAccess, withdrawAccess } from "../break-glass/refuse-access.ts";
import { BREAK_GLASS } from "../break-glass/request-access.ts";
import { PUBLISH_NOTICE } from "../notices/draft-notice.ts";
import { publishNotice, refuseNotice, withdrawNotice } from "../notices/publish-notice.ts";

/** @throws IdentityError approval_not_found */
async function versionOf({ pool }: PolicyDeps, party: Party, { id }: StoredApproval) {
  const { rows } = await inTransaction(pool, tenantOf(party), (client) =>
    client.query<{ version: number }>("select version from policy_versions where approval = $1", [
      id,
    ]),
  );
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("approval_not_found", "There is no such version of the policy.");
  return row.version;
}

/** The kinds of acts of accounts, of the policy and of the relay's domain. */
export const messagingApprovals: ApprovalKinds = {
  "policy.approve": {
    decideRead: (actor) => decidePolicyAct(actor, "read", { tenant: actor.tenant }),
    approve: async (deps, party, approval, request) => {
      const hash = Buffer.from(String(approval.parameters["hash"]), "hex");
      const version = await versionOf(deps, party, approval);
      await approveVersion(deps, party, { version, hash, request });
      return { waitsFor: 0 };
    },
    refuse: async (deps, party, approval) =>
      withdrawVersion(deps, party, await versionOf(deps, party, approval)),
    withdraw: async (deps, party, approval) =>
      withdrawVersion(deps, party, await versionOf(deps, party, approval)),
  },
  [BREAK_GLASS]: {
    decideRead: (actor, { requester }) =>
      decideBreakGlass(actor, "read", { tenant: actor.tenant, requester }),
    approve: async (deps, party, { id }, hash) => {
      if (!("actor" in party))
        throw new IdentityError(
          "forbidden",
          "Two members of staff approve access to a conversation. The operator may refuse it.",
        );
      const { waitsFor } = await approveAccess(deps, party.actor, { id, hash });
      return { waitsFor };
    },
    refuse: (deps, party, { id }) => refuseAccess(deps, party, id),
    withdraw: (deps, party, { id }) => withdrawAccess(deps, party, id),
  },
  "directory.reset_account": demandedKind("directory.reset_account"),
  "directory.revoke_device": demandedKind("directory.revoke_device"),
  "credentials.reset_password": demandedKind("credentials.reset_password"),
  "credentials.reset_factor": demandedKind("credentials.reset_factor"),
  [PUBLISH_NOTICE]: {
    decideRead: (actor) => decideNotice(actor, "oversee", { tenant: actor.tenant }),
    approve: async (deps, party, { id }, hash) => {
      await publishNotice(deps, party, { id, hash });
      return { waitsFor: 0 };
    },
    refuse: (deps, party, { id }) => refuseNotice(deps, party, id),
    withdraw: (deps, party, { id }) => withdrawNotice(deps, party, id),
  },
};

/** Returns undefined for an act that this release does not know. */
export const kindOf = (
  kinds: ApprovalKinds,
  { action }: StoredApproval,
): ApprovalKind | undefined => (Object.hasOwn(kinds, action) ? kinds[action] : undefined);

/** @throws IdentityError approval_not_found, for an act that this release does not know */
function knownKindOf(kinds: ApprovalKinds, approval: StoredApproval): ApprovalKind {
  const kind = kindOf(kinds, approval);
  if (kind === undefined)
    throw new IdentityError("approval_not_found", "This release does not know that kind of act.");
  return kind;
}

/**
 * Approves a request. If nobody else must approve it, the act is done.
 * @param asked.hash the hash of the request that the person has seen
 * @throws IdentityError approval_not_found, approval_changed, and those of the act
 */
export async function approveRequest(
  deps: ApprovalDeps,
  party: Party,
  { id, hash }: { readonly id: Uuid; readonly hash: Uint8Array },
): Promise<Approved> {
  const approval = await find(deps, party, id);
  return knownKindOf(deps.kinds, approval).approve(deps, party, approval, hash);
}

/** Refuses a request. @throws IdentityError approval_not_found, and those of the act */
export async function refuseRequest(deps: AnswerDeps, party: Party, id: Uuid): Promise<void> {
  const approval = await find(deps, party, id);
  await knownKindOf(deps.kinds, approval).refuse(deps, party, approval);
}

/** Takes a request back. @throws IdentityError approval_not_found, and those of the act */
export async function withdrawRequest(deps: AnswerDeps, party: Party, id: Uuid): Promise<void> {
  const approval = await find(deps, party, id);
  await knownKindOf(deps.kinds, approval).withdraw(deps, party, approval);
}

const find = ({ pool }: PolicyDeps, party: Party, id: Uuid): Promise<StoredApproval> =>
  inTransaction(pool, tenantOf(party), (client) => readApproval(client, id));
