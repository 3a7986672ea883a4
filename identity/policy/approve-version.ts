import { equalBytes, toHex } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import { executeApproved } from "../approvals/execute-approved.ts";
import { IdentityError } from "../identity-error.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import { assertSession } from "../tokens/session-end.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";
import { parametersOf } from "./draft-version.ts";
import { ofPolicy, type PolicyDeps } from "./policy-deps.ts";
import { lockPolicy } from "./lock-policy.ts";
import { recordEffective } from "./record-effective.ts";
import { readVersionRow } from "./stored-versions.ts";
import { effectDetails, effectsOf, policyBefore } from "./version-effects.ts";
import { openVersion } from "./version-row.ts";

const TO_COME = `
  select version from policy_versions
  where withdrawn_at_ms is null and effective_from_ms > sealdesk.database_now_ms()`;

/**
 * Approves a draft as a second person. It takes effect at once or at the time that it names, on all nodes.
 * @param asked.hash the hash of the changes that the person has seen
 * @param asked.request the hash of the request that the person has seen, if they name that
 * @returns when it takes effect, in milliseconds since the Unix epoch
 * @throws IdentityError policy_version_not_found, own_approval, approval_changed, approval_expired,
 *   approval_used, other_version_to_come, policy_unreadable, forbidden, device_required, step_up_required
 */
export async function approveVersion(
  deps: PolicyDeps,
  party: Party,
  asked: {
    readonly version: number;
    readonly hash: Uint8Array;
    readonly request?: Uint8Array;
  },
): Promise<number> {
  const tenant = tenantOf(party);
  const { version } = asked;
  const act = {
    action: "policy.approve",
    resource: ofPolicy(tenant),
    details: { version },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    await lockPolicy(client, tenant);
    // This may have waited for the lock, while another version took effect.
    if ("actor" in party) await assertSession(client, party.actor);
    const row = await readVersionRow(client, version, nowMs);
    const { requester, hash } = row;
    const decided = assertParty(party, (actor) => {
      const decision = decidePolicyAct(actor, "approve", { tenant, requester });
      if (decision.reasons.includes("own_request"))
        throw new IdentityError("own_approval", "Another person must approve what you asked for.", {
          reasons: decision.reasons,
        });
      return decision;
    });
    if ("actor" in party) await assertFreshFactor(client, party.actor, "approve", nowMs);
    if (!equalBytes(asked.hash, hash))
      throw new IdentityError(
        "approval_changed",
        "The version has other changes. Look at it again.",
      );
    if (row.state === "draft") await assertNoneToCome(client);
    const before = await policyBefore(deps.policies, client, tenant);
    const effects = await effectsOf(client, before, openVersion(row).policy);
    const approval = {
      id: row.approval,
      action: "policy.approve",
      parameters: parametersOf(row),
      hash: asked.request,
    };
    const { result } = await executeApproved(client, party, approval, nowMs, async () => {
      const { rows } = await client.query<{ fromMs: number | null }>(
        'select sealdesk.take_effect($1) as "fromMs"',
        [version],
      );
      const fromMs = rows[0]?.fromMs ?? undefined;
      if (fromMs === undefined)
        throw new IdentityError("approval_used", "The version was approved or withdrawn before.");
      return fromMs;
    });
    // A version needs one approval.
    const effectiveFromMs = result ?? nowMs;
    const meant = {
      hash: toHex(hash),
      effectiveFromMs,
      request: row.approval,
      requester,
      ...effectDetails(effects),
    };
    note({ ...decided, details: { version, ...meant } });
    await recordEffective(client, tenant, nowMs);
    return effectiveFromMs;
  });
}

/**
 * Requires that no approved version is still to come. It was compared with the rules before this version, and
 * would silently reverse this one.
 */
async function assertNoneToCome(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(TO_COME);
  const [other] = rows;
  if (other !== undefined)
    throw new IdentityError(
      "other_version_to_come",
      `Version ${other.version} is approved and takes effect later, which would reverse this one. Withdraw it, or wait until it has taken effect.`,
    );
}
