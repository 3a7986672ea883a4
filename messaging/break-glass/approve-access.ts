import { toHex } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { executeApproved } from "../../identity/approvals/execute-approved.ts";
import { assertAllowedOnDevice, audited } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import type { PolicyDeps } from "../../identity/policy/policy-deps.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideBreakGlass, type BreakGlassFacts } from "../../policies/break-glass.ts";
import { actorsAmong } from "../../identity/policy/asked-actors.ts";
import { accessFacts, ofAccess, readAccess } from "./access-row.ts";
import { BREAK_GLASS } from "./request-access.ts";

/** What an approval has done. */
export interface ApprovedAccess {
  /** The number of people who must approve it besides. */
  readonly waitsFor: number;
  /** When the access ends, in milliseconds since the Unix epoch; null while it waits. */
  readonly grantedUntilMs: number | null;
}

/**
 * Approves a request for access as one of two other people. With the second one, the access begins.
 * @throws MessagingError access_not_found; IdentityError own_approval, approval_expired, approval_used,
 *   approval_changed, forbidden, device_required, step_up_required
 */
export function approveAccess(
  deps: PolicyDeps,
  actor: Actor,
  asked: { readonly id: Uuid; readonly hash: Uint8Array },
): Promise<ApprovedAccess> {
  const { id, hash } = asked;
  const act = { action: "break_glass.approve", resource: ofAccess(id) } as const;
  return audited(deps, actor, act, async (client, note) => {
    const nowMs = deps.now();
    const access = await readAccess(client, id, nowMs);
    const { conversation, requester, minutes } = access;
    const facts = accessFacts(actor.tenant, access);
    const decision = decideBreakGlass(actor, "approve", facts);
    if (decision.reasons.includes("own_request"))
      throw new IdentityError("own_approval", "Another person must approve what you asked for.", {
        reasons: decision.reasons,
      });
    assertAllowedOnDevice(decision);
    await assertFreshFactor(client, actor, "approve", nowMs);
    const parameters = { conversation, requester, minutes };
    const approval = { id, action: BREAK_GLASS, parameters, hash };
    const { waitsFor, result } = await executeApproved(
      client,
      { actor },
      approval,
      nowMs,
      async () => {
        await assertStillApproved(client, deps, actor, id, facts);
        const { rows } = await client.query<{ untilMs: number | null }>(
          'select sealdesk.grant_break_glass($1) as "untilMs"',
          [id],
        );
        return rows[0]?.untilMs ?? null;
      },
    );
    const grantedUntilMs = result ?? null;
    const meant = { conversation, minutes, waitsFor, hash: toHex(hash) };
    note({
      decision,
      subject: requester,
      details: { ...meant, grantedUntilMs: grantedUntilMs ?? undefined },
    });
    return { waitsFor, grantedUntilMs };
  });
}

// Whoever is reset gets other devices, and perhaps another owner. So a device from before the approval must remain.
const APPROVERS = `
  select n.approver as "user", u.disabled_at_ms is null and exists (
      select from devices d where d.user_id = u.id and d.revoked_at_ms is null
        and d.created_at_ms <= n.answered_at_ms) as "isSame"
  from approval_answers n left join users u on u.id = n.approver::uuid
  where n.approval = $1`;

/**
 * Requires that those who approved it before may still do so: they may have another role now, or their account may be
 * disabled or reset. The request must be locked.
 * @throws IdentityError approval_changed
 */
async function assertStillApproved(
  client: Client,
  { policies }: PolicyDeps,
  { tenant }: Actor,
  id: Uuid,
  facts: BreakGlassFacts,
): Promise<void> {
  const policy = await policies.inForce(client, tenant);
  const { rows } = await client.query<{ user: UserId; isSame: boolean }>(APPROVERS, [id]);
  const users = rows.map(({ user }) => user);
  const actors = await actorsAmong(client, tenant, policy, users);
  const isApproved =
    rows.every(({ isSame }) => isSame) &&
    actors.length === users.length &&
    actors.every((each) => decideBreakGlass(each, "approve", facts).allowed);
  if (!isApproved)
    throw new IdentityError(
      "approval_changed",
      "Somebody who approved it may not do so any more. Ask for the access again.",
    );
}
