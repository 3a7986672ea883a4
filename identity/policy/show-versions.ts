import { decidePolicyAct } from "../../policies/policy-access.ts";
import type { PolicyChanges } from "../../policies/versions/policy-changes.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";
import { ofPolicy, type PolicyDeps } from "./policy-deps.ts";
import { readVersionRow, readVersions, type VersionRow } from "./stored-versions.ts";
import { openVersion } from "./version-row.ts";

/** A version without its rules. */
export type VersionSummary = Omit<VersionRow, "changes" | "approval">;

export interface ShownVersion extends VersionSummary {
  readonly changes: PolicyChanges;
}

/**
 * Returns the last 100 versions of the policy, the newest first.
 * @throws IdentityError forbidden
 */
export function listVersions(deps: PolicyDeps, party: Party): Promise<readonly VersionSummary[]> {
  const tenant = tenantOf(party);
  const act = { action: "policy.read", resource: ofPolicy(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decidePolicyAct(actor, "read", { tenant })));
    return (await readVersions(client, deps.now())).map(summaryOf);
  });
}

/**
 * Returns a version with what it changes in the default rules.
 * @throws IdentityError policy_version_not_found, policy_unreadable, forbidden
 */
export function showVersion(
  deps: PolicyDeps,
  party: Party,
  version: number,
): Promise<ShownVersion> {
  const tenant = tenantOf(party);
  const act = { action: "policy.read", resource: ofPolicy(tenant), details: { version } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decidePolicyAct(actor, "read", { tenant })));
    const row = await readVersionRow(client, version, deps.now());
    return { ...summaryOf(row), changes: openVersion(row).changes };
  });
}

function summaryOf(row: VersionRow): VersionSummary {
  const { changes: _changes, approval: _approval, ...summary } = row;
  return summary;
}
