import type { UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideSecondPerson } from "../../policies/second-person.ts";
import { approversNeeded } from "../../policies/versions/demands.ts";
import { assertAllowedOnDevice } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { decideAct, rightOf, type DemandedAct } from "./demanded-acts.ts";
import { executeApproved } from "./execute-approved.ts";
import { readApproval, type StoredApproval } from "./stored-approvals.ts";
import { requesterMayNot, unchangedRequester } from "./unchanged-requester.ts";

/** The request that somebody approves by doing what it asks for. */
export interface NamedApproval {
  readonly id: Uuid;
  /** The hash of the request that the person has seen. */
  readonly hash: Uint8Array;
}

/**
 * Requires the second person that the policy demands for an act. Call it in the transaction of the act, after the
 * decision about the actor and before the change. The actor is the second person: the request is theirs to approve, it
 * is about exactly this act, and whoever asked may still do it. The request is used up with the act.
 * @param approval undefined if the actor acts without a request
 * @returns the details for the entry of the act
 * @throws IdentityError approval_required; approval_not_found, own_approval, approval_changed, approval_expired,
 *   approval_used
 */
export async function assertSecondPerson(
  client: Client,
  actor: Actor,
  act: DemandedAct,
  approval: NamedApproval | undefined,
  nowMs: number,
): Promise<{ readonly approval?: Uuid; readonly requester?: UserId }> {
  const { resource, action } = rightOf(act.action);
  if (approval === undefined) {
    if (approversNeeded(actor.policy, resource, action) === 0) return {};
    throw new IdentityError(
      "approval_required",
      `Your organisation demands a second person for this. Ask for ${act.action} with POST /v1/approvals. Somebody else who may do it approves the request.`,
      { reasons: ["second_person_demanded"] },
    );
  }
  const { id, hash } = approval;
  const { requester, requestedAtMs } = await readApproval(client, id);
  assertAllowedToAnswer(actor, requester);
  const asked = { id, action: act.action, parameters: act.parameters, hash };
  await executeApproved(client, { actor }, asked, nowMs, () => Promise.resolve());
  return {
    approval: id,
    requester: await assertStillMay(client, actor, act, { requester, requestedAtMs }),
  };
}

/** The rules of the act have allowed it to the actor already. @throws IdentityError own_approval, forbidden */
function assertAllowedToAnswer(actor: Actor, requester: string): void {
  const facts = { tenant: actor.tenant, requester, mayAct: true, isDemanded: true };
  const decision = decideSecondPerson(actor, "approve", facts);
  if (decision.reasons.includes("own_request"))
    throw new IdentityError("own_approval", "Another person must approve what you asked for.", {
      reasons: decision.reasons,
    });
  assertAllowedOnDevice(decision);
}

/** Requires that whoever asked may still do the act. @throws IdentityError approval_changed */
async function assertStillMay(
  client: Client,
  actor: Actor,
  act: DemandedAct,
  request: Pick<StoredApproval, "requester" | "requestedAtMs">,
): Promise<UserId> {
  const asker = await unchangedRequester(client, actor, request);
  if (asker === undefined || !(await decideAct(client, asker, act)).decision.allowed)
    throw requesterMayNot();
  return asker.user;
}
