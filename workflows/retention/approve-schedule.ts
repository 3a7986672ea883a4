import { toHex } from "../../crypto/wire/bytes.ts";
import {
  executeApproved,
  refuseApproval,
  withdrawApproval,
} from "../../identity/approvals/execute-approved.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertRequesterMay } from "../../identity/approvals/unchanged-requester.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { ApprovalKinds } from "../../messaging/approvals/approval-kind.ts";
import { decideRetention } from "../../policies/retention.ts";
import { assertApprover } from "./assert-approver.ts";
import { approveClassification } from "./approve-classification.ts";
import { CLASSIFY } from "./classify.ts";
import { APPROVE, assertKeepsLocks, parametersOf, takeEffect } from "./save-schedule.ts";
import { ofRetention, readVersionOf } from "./stored-schedule.ts";

/**
 * Approves a version that ends records earlier, as another person than the one who saved it. It takes effect at once
 * or when it says.
 * @param hash the hash that the person has seen
 * @throws WorkflowError retention_version_not_found, retention_locked, retention_changed; IdentityError own_approval,
 *   approval_expired, approval_used, approval_changed, forbidden, device_required, step_up_required
 */
async function approveSchedule(
  deps: UseCase,
  party: Party,
  request: StoredApproval,
  hash: Uint8Array,
): Promise<void> {
  const { id, requester } = request;
  const tenant = tenantOf(party);
  const act = { action: "retention.approve", resource: ofRetention(tenant) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const decided = await assertApprover(client, party, requester, nowMs);
    const saved = await readVersionOf(client, id);
    await assertKeepsLocks(client, saved.rules);
    const approval = { id, action: APPROVE, parameters: parametersOf(saved), hash };
    const { result } = await executeApproved(client, party, approval, nowMs, async () => {
      await assertRequesterMay(client, tenant, request, (asker) =>
        decideRetention(asker, "save", { tenant }),
      );
      return takeEffect(client, saved.version);
    });
    const { version } = saved;
    note({
      ...decided,
      details: {
        version,
        hash: toHex(saved.hash),
        effectiveFromMs: result,
        request: id,
        requester,
      },
    });
  });
}

/** One person is enough to refuse a version or labels. @throws IdentityError approval_used, forbidden, device_required */
async function refuseSchedule(
  deps: UseCase,
  party: Party,
  { id, requester }: StoredApproval,
): Promise<void> {
  const tenant = tenantOf(party);
  const details = { request: id };
  const act = { action: "retention.refuse", resource: ofRetention(tenant), details } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideRetention(actor, "refuse", { tenant, requester })));
    await refuseApproval(client, id, nameOf(party), deps.now());
  });
}

/** Takes a version or labels back before they are approved. @throws IdentityError approval_used, forbidden, device_required */
async function withdrawSchedule(
  deps: UseCase,
  party: Party,
  { id }: StoredApproval,
): Promise<void> {
  const tenant = tenantOf(party);
  const details = { request: id };
  const act = { action: "retention.withdraw", resource: ofRetention(tenant), details } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideRetention(actor, "withdraw", { tenant })));
    await withdrawApproval(client, id, deps.now());
  });
}

/** How versions that end records earlier are answered, and labels with which they end earlier. */
export const retentionApprovals: ApprovalKinds = {
  [APPROVE]: {
    decideRead: (actor) => decideRetention(actor, "read", { tenant: actor.tenant }),
    approve: async (deps, party, approval, hash) => {
      await approveSchedule(deps, party, approval, hash);
      return { waitsFor: 0 };
    },
    refuse: refuseSchedule,
    withdraw: withdrawSchedule,
  },
  [CLASSIFY]: {
    decideRead: (actor) => decideRetention(actor, "read", { tenant: actor.tenant }),
    approve: async (deps, party, approval, hash) => {
      await approveClassification(deps, party, approval, hash);
      return { waitsFor: 0 };
    },
    refuse: refuseSchedule,
    withdraw: withdrawSchedule,
  },
};
