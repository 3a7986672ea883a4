import { toHex } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import {
  executeApproved,
  refuseApproval,
  withdrawApproval,
} from "../../identity/approvals/execute-approved.ts";
import type { UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { decideNotice } from "../../policies/notices.ts";
import { PUBLISH_NOTICE } from "./draft-notice.ts";
import { ofNotice, parametersOf, readNoticeRow } from "./notice-row.ts";

/**
 * Publishes a draft as a second person. It takes effect at once or at the time that it names, on all nodes.
 * @param asked.hash the hash of the request that the person has seen
 * @throws MessagingError notice_not_found; IdentityError own_approval, approval_changed, approval_expired,
 *   approval_used, forbidden, device_required, step_up_required
 */
export async function publishNotice(
  deps: UseCase,
  party: Party,
  asked: { readonly id: Uuid; readonly hash: Uint8Array },
): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "notice.publish", resource: ofNotice(asked.id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const row = await readNoticeRow(client, asked.id, nowMs);
    const { version, requester } = row;
    const decided = assertParty(party, (actor) => {
      const decision = decideNotice(actor, "approve", { tenant, requester });
      if (decision.reasons.includes("own_request"))
        throw new IdentityError("own_approval", "Another person must approve what you asked for.", {
          reasons: decision.reasons,
        });
      return decision;
    });
    if ("actor" in party) await assertFreshFactor(client, party.actor, "approve", nowMs);
    const parameters = parametersOf(row);
    const approval = { ...asked, action: PUBLISH_NOTICE, parameters };
    const { result } = await executeApproved(client, party, approval, nowMs, async () => {
      const { rows } = await client.query<{ fromMs: number | null }>(
        'select sealdesk.publish_notice($1) as "fromMs"',
        [version],
      );
      return rows[0]?.fromMs ?? nowMs;
    });
    const details = { version, hash: toHex(row.hash), requester, effectiveFromMs: result ?? nowMs };
    note({ ...decided, details });
  });
}

/** Refuses a draft. @throws as `publishNotice` */
export async function refuseNotice(deps: UseCase, party: Party, id: Uuid): Promise<void> {
  const act = { action: "notice.refuse", resource: ofNotice(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const { version, requester } = await readNoticeRow(client, id, nowMs);
    const facts = { tenant: tenantOf(party), requester };
    const decided = assertParty(party, (actor) => decideNotice(actor, "approve", facts));
    await refuseApproval(client, id, nameOf(party), nowMs);
    note({ ...decided, details: { version } });
  });
}

/**
 * Takes a draft back, or stops an approved version that has not taken effect yet.
 * @throws as `publishNotice`; approval_used, if the version has taken effect or is stopped
 */
export async function withdrawNotice(deps: UseCase, party: Party, id: Uuid): Promise<void> {
  const act = { action: "notice.withdraw", resource: ofNotice(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const { version } = await readNoticeRow(client, id, nowMs);
    const facts = { tenant: tenantOf(party) };
    const decided = assertParty(party, (actor) => decideNotice(actor, "withdraw", facts));
    if (!(await stop(client, version))) await withdrawApproval(client, id, nowMs);
    note({ ...decided, details: { version } });
  });
}

/** Stops an approved version with a later date. Returns whether it did. */
async function stop(client: Client, version: number): Promise<boolean> {
  const { rows } = await client.query<{ stopped: boolean }>(
    "select sealdesk.stop_notice($1) as stopped",
    [version],
  );
  return rows[0]?.stopped === true;
}
