import { z } from "zod";
import { toHex } from "../../crypto/wire/bytes.ts";
import { isId, type ConversationId } from "../../crypto/wire/ids.ts";
import { executeApproved } from "../../identity/approvals/execute-approved.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import { assertRequesterMay } from "../../identity/approvals/unchanged-requester.ts";
import type { UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { ofConversation } from "../../messaging/conversation-act.ts";
import { decideRetention } from "../../policies/retention.ts";
import { assertApprover } from "./assert-approver.ts";
import { CLASSIFY, insertLabels, parametersOf } from "./classify.ts";
import { labelsOf } from "./stored-schedule.ts";

const stored = z.strictObject({
  conversation: z.custom<ConversationId>(isId),
  dataClass: z.string().optional(),
  team: z.string().optional(),
  region: z.string().optional(),
});

/**
 * Approves labels with which records are kept for a shorter time, as another person than the one who asked. They count
 * for what is received from now on.
 * @param hash the hash that the person has seen
 * @throws IdentityError own_approval, approval_expired, approval_used, approval_changed, forbidden, device_required,
 *   step_up_required
 */
export async function approveClassification(
  deps: UseCase,
  party: Party,
  request: StoredApproval,
  hash: Uint8Array,
): Promise<void> {
  const { id, requester } = request;
  const tenant = tenantOf(party);
  const { data: parameters } = stored.safeParse(request.parameters);
  if (parameters === undefined)
    throw new IdentityError("approval_changed", "The request was altered. Classify it again.");
  const { conversation, ...given } = parameters;
  const labels = labelsOf({
    dataClass: given.dataClass,
    team: given.team,
    region: given.region,
  });
  const act = {
    action: CLASSIFY,
    resource: ofConversation(conversation),
    details: labels,
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const decided = await assertApprover(client, party, requester, nowMs);
    const approval = { id, action: CLASSIFY, parameters: parametersOf(conversation, labels), hash };
    const { result: fromMs } = await executeApproved(client, party, approval, nowMs, async () => {
      await assertRequesterMay(client, tenant, request, (asker) =>
        decideRetention(asker, "classify", { tenant }),
      );
      return insertLabels(client, tenant, { conversation, labels, by: requester });
    });
    const details = { ...labels, fromMs, request: id, hash: toHex(hash), requester };
    note({ ...decided, details });
  });
}
