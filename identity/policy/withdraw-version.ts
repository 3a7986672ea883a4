import { toHex } from "../../crypto/wire/bytes.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import { withdrawApproval } from "../approvals/execute-approved.ts";
import { IdentityError } from "../identity-error.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";
import { ofPolicy, type PolicyDeps } from "./policy-deps.ts";
import { readVersionRow } from "./stored-versions.ts";

const WITHDRAW = `
  update policy_versions set withdrawn_at_ms = $2
  where version = $1 and withdrawn_at_ms is null
    and (effective_from_ms is null or effective_from_ms > sealdesk.database_now_ms())`;

/**
 * Takes a draft back, or an approved version before it takes effect.
 * @throws IdentityError policy_version_not_found, policy_version_closed, approval_used, forbidden
 */
export async function withdrawVersion(
  deps: PolicyDeps,
  party: Party,
  version: number,
): Promise<void> {
  const tenant = tenantOf(party);
  const act = {
    action: "policy.withdraw",
    resource: ofPolicy(tenant),
    details: { version },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decidePolicyAct(actor, "withdraw", { tenant }));
    const nowMs = deps.now();
    const { state, approval, hash } = await readVersionRow(client, version, nowMs);
    if (state === "draft" || state === "expired") await withdrawApproval(client, approval, nowMs);
    const { rowCount } = await client.query(WITHDRAW, [version, nowMs]);
    if (rowCount === 0)
      throw new IdentityError(
        "policy_version_closed",
        "The version was withdrawn before, or took effect. To reverse it, draft a version that restores an earlier one.",
      );
    note({ ...decided, details: { version, hash: toHex(hash), state, request: approval } });
  });
}
