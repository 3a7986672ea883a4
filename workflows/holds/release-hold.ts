import { toHex } from "../../crypto/wire/bytes.ts";
import { isId, type HoldId, type NewId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import {
  executeApproved,
  refuseApproval,
  withdrawApproval,
} from "../../identity/approvals/execute-approved.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import { assertRequesterMay } from "../../identity/approvals/unchanged-requester.ts";
import type { UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { decideHold } from "../../policies/holds.ts";
import { assertInForce, holdNotFound, ofHold, readHold } from "./hold-row.ts";
import { lockHolds } from "./lock-holds.ts";
import { reopenDeferred } from "./reopen-deferred.ts";

/** The name of the act that another person lets happen. */
export const RELEASE = "hold.release";

/** A request for a release that waits for another person. */
export interface RequestedRelease {
  readonly id: Uuid;
  /** SHA-256 of what was asked for. Whoever approves names it. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/**
 * Asks that a hold ends. It stays in force until another person approves it.
 * @param asked.reason why, for the person who approves: one line of at most 300 characters
 * @throws WorkflowError hold_not_found, hold_released; IdentityError forbidden, device_required, step_up_required
 */
export function requestRelease(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: { readonly hold: HoldId; readonly reason: string },
): Promise<RequestedRelease> {
  const { hold, reason } = asked;
  const id = deps.newId<Uuid>();
  const tenant = tenantOf(party);
  const act = { action: "hold.request_release", resource: ofHold(hold) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideHold(actor, "release", { tenant }));
    if ("actor" in party) await assertFreshFactor(client, party.actor, "release", deps.now());
    const found = await readHold(client, hold);
    assertInForce(found);
    const parameters = parametersOf(hold, found.commitment);
    const hash = hashOfParameters(RELEASE, parameters);
    const approval = { id, action: RELEASE, parameters, reason };
    const expiresAtMs = await requestApproval(client, party, approval, deps.now());
    note({ ...decided, details: { request: id, hash: toHex(hash) } });
    return { id, hash, expiresAtMs };
  });
}

/**
 * Approves the release of a hold as another person than the one who asked, and releases it. Whoever asked must still be
 * allowed to: their role may be another one, or their account may be disabled or reset. Nothing is deleted. Each erasure that the hold had deferred waits for an officer from now on, unless another hold covers it.
 * @param request.hash the hash that the person has seen
 * @throws WorkflowError hold_not_found, hold_released; IdentityError own_approval, approval_expired, approval_used,
 *   approval_changed, forbidden, device_required, step_up_required
 */
export async function approveRelease(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
  hash: Uint8Array,
): Promise<void> {
  const { id, requester } = approval;
  const hold = holdIn(approval);
  const tenant = tenantOf(party);
  const act = { action: "hold.approve_release", resource: ofHold(hold) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    if (requester === nameOf(party))
      throw new IdentityError("own_approval", "Another person must approve what you asked for.");
    const decided = assertParty(party, (actor) =>
      decideHold(actor, "approve", { tenant, requester }),
    );
    if ("actor" in party) await assertFreshFactor(client, party.actor, "approve", nowMs);
    await lockHolds(client, tenant, "to_change");
    const found = await readHold(client, hold);
    assertInForce(found);
    const parameters = parametersOf(hold, found.commitment);
    const { result: reopened } = await executeApproved(
      client,
      party,
      { id, action: RELEASE, parameters, hash },
      nowMs,
      async () => {
        await assertRequesterMay(client, tenant, approval, (asker) =>
          decideHold(asker, "release", { tenant }),
        );
        const { rows } = await client.query<{ releasedAtMs: number | null }>(
          'select sealdesk.release_hold($1, $2) as "releasedAtMs"',
          [hold, id],
        );
        if ((rows[0]?.releasedAtMs ?? null) === null)
          throw new IdentityError("approval_changed", "The release is not what was asked for.");
        return reopenDeferred(client, { tenant, hold, nowMs });
      },
    );
    note({ ...decided, details: { request: id, hash: toHex(hash), reopened: reopened ?? 0 } });
  });
}

/**
 * Refuses a release. One person is enough.
 * @throws WorkflowError hold_not_found; IdentityError approval_used, forbidden, device_required
 */
export async function refuseRelease(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
): Promise<void> {
  const { id, requester } = approval;
  const tenant = tenantOf(party);
  const act = {
    action: "hold.refuse_release",
    resource: ofHold(holdIn(approval)),
    details: { request: id },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideHold(actor, "refuse", { tenant, requester })));
    await refuseApproval(client, id, nameOf(party), deps.now());
  });
}

/**
 * Takes a request for a release back.
 * @throws WorkflowError hold_not_found; IdentityError approval_used, forbidden, device_required
 */
export async function withdrawRelease(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
): Promise<void> {
  const { id } = approval;
  const tenant = tenantOf(party);
  const act = {
    action: "hold.withdraw_release",
    resource: ofHold(holdIn(approval)),
    details: { request: id },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideHold(actor, "withdraw", { tenant })));
    await withdrawApproval(client, id, deps.now());
  });
}

const parametersOf = (hold: HoldId, commitment: Uint8Array) => ({
  hold,
  commitment: toHex(commitment),
});

/** @throws WorkflowError hold_not_found */
function holdIn({ parameters }: StoredApproval): HoldId {
  const { hold } = parameters;
  if (!isId<HoldId>(hold)) throw holdNotFound();
  return hold;
}
