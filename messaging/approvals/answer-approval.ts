import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readApproval, type StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { tenantOf, type Party } from "../../identity/party.ts";
import { approveVersion } from "../../identity/policy/approve-version.ts";
import type { PolicyDeps } from "../../identity/policy/policy-deps.ts";
import { withdrawVersion } from "../../identity/policy/withdraw-version.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import type { Decision } from "../../policies/decision.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import { approveAccess } from "../break-glass/approve-access.ts";
import { refuseAccess, withdrawAccess } from "../break-glass/refuse-access.ts";
import { BREAK_GLASS } from "../break-glass/request-access.ts";

/** How requests of one kind of act are answered. Each use case decides by its own policy and leaves its own entry. */
interface ApprovalKind {
  readonly decideRead: (actor: Actor, approval: StoredApproval) => Decision;
  /** Returns the number of people who must approve it besides. */
  readonly approve: (deps: PolicyDeps, party: Party, approval: StoredApproval) => Promise<number>;
  readonly refuse: (deps: PolicyDeps, party: Party, approval: StoredApproval) => Promise<void>;
  readonly withdraw: (deps: PolicyDeps, party: Party, approval: StoredApproval) => Promise<void>;
}

const versionIn = ({ parameters }: StoredApproval) => Number(parameters["version"]);

/** Every kind of act that needs another person. */
const kinds: Readonly<Record<string, ApprovalKind>> = {
  "policy.approve": {
    decideRead: (actor) => decidePolicyAct(actor, "read", { tenant: actor.tenant }),
    approve: async (deps, party, approval) => {
      const hash = Buffer.from(String(approval.parameters["hash"]), "hex");
      await approveVersion(deps, party, { version: versionIn(approval), hash });
      return 0;
    },
    refuse: (deps, party, approval) => withdrawVersion(deps, party, versionIn(approval)),
    withdraw: (deps, party, approval) => withdrawVersion(deps, party, versionIn(approval)),
  },
  [BREAK_GLASS]: {
    decideRead: (actor, { requester }) =>
      decideBreakGlass(actor, "read", { tenant: actor.tenant, requester }),
    approve: async (deps, party, { id, parametersHash: hash }) => {
      if (!("actor" in party))
        throw new IdentityError(
          "forbidden",
          "Two members of staff approve access to a conversation. The operator may refuse it.",
        );
      return (await approveAccess(deps, party.actor, { id, hash })).waitsFor;
    },
    refuse: (deps, party, { id }) => refuseAccess(deps, party, id),
    withdraw: (deps, party, { id }) => withdrawAccess(deps, party, id),
  },
};

/** @throws IdentityError approval_not_found, for an act that this release does not know */
export function kindOf({ action }: StoredApproval): ApprovalKind {
  const kind = Object.hasOwn(kinds, action) ? kinds[action] : undefined;
  if (kind === undefined)
    throw new IdentityError("approval_not_found", "This release does not know that kind of act.");
  return kind;
}

/**
 * Approves a request. If nobody else must approve it, the act is done.
 * @param asked.hash the hash of the request that the person has seen
 * @returns the number of people who must approve it besides
 * @throws IdentityError approval_not_found, approval_changed, and those of the act
 */
export async function approveRequest(
  deps: PolicyDeps,
  party: Party,
  { id, hash }: { readonly id: Uuid; readonly hash: Uint8Array },
): Promise<number> {
  const approval = await find(deps, party, id);
  if (!equalBytes(hash, approval.parametersHash))
    throw new IdentityError("approval_changed", "The request has another hash. Look at it again.");
  return kindOf(approval).approve(deps, party, approval);
}

/** Refuses a request. @throws IdentityError approval_not_found, and those of the act */
export async function refuseRequest(deps: PolicyDeps, party: Party, id: Uuid): Promise<void> {
  const approval = await find(deps, party, id);
  await kindOf(approval).refuse(deps, party, approval);
}

/** Takes a request back. @throws IdentityError approval_not_found, and those of the act */
export async function withdrawRequest(deps: PolicyDeps, party: Party, id: Uuid): Promise<void> {
  const approval = await find(deps, party, id);
  await kindOf(approval).withdraw(deps, party, approval);
}

const find = ({ pool }: PolicyDeps, party: Party, id: Uuid): Promise<StoredApproval> =>
  inTransaction(pool, tenantOf(party), (client) => readApproval(client, id));
