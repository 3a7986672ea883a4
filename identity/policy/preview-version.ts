import { toHex } from "../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { decideNameReading } from "../../policies/name-access.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import { staffRoles, type Role } from "../../policies/roles.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";
import { ofPolicy, type PolicyDeps } from "./policy-deps.ts";
import { readVersionRow } from "./stored-versions.ts";
import { effectDetails, effectsOf, policyBefore, type VersionEffects } from "./version-effects.ts";
import { openVersion } from "./version-row.ts";

/** A member of staff whose rights a version changes. */
export interface AffectedAccount {
  readonly id: UserId;
  readonly role: Role;
  /** Null if the reader may not read names, and for an account that was erased. */
  readonly username: string | null;
}

export interface Preview extends VersionEffects {
  readonly version: number;
  readonly hash: Uint8Array;
  /** The version that is in force, with which it was compared. */
  readonly before: number;
  /** The staff among the accounts, at most `MOST_SHOWN`, ordered by role. */
  readonly staff: readonly AffectedAccount[];
}

/** The number of members of staff that a preview names. */
const MOST_SHOWN = 200;

/**
 * Returns who gains and who loses what by a version, compared with the version in force. Names are shown to
 * whom the policy shows names, and to the operator who asks for them.
 * @param profiles undefined to leave out names
 * @throws IdentityError policy_version_not_found, policy_unreadable, forbidden
 */
export async function previewVersion(
  deps: PolicyDeps & { readonly profiles?: Profiles | undefined },
  party: Party,
  version: number,
): Promise<Preview> {
  const tenant = tenantOf(party);
  const act = { action: "policy.preview", resource: ofPolicy(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decidePolicyAct(actor, "preview", { tenant }));
    const isNamed = !("actor" in party) || decideNameReading(party.actor, tenant).allowed;
    const row = await readVersionRow(client, version, deps.now());
    const before = await policyBefore(deps.policies, client, tenant);
    const effects = await effectsOf(client, before, openVersion(row).policy);
    const affected = new Set(effects.rights.map(({ role }) => role));
    const profiles = isNamed ? deps.profiles : undefined;
    const staff = await staffOf(client, tenant, [...affected], profiles);
    const { hash } = row;
    note({
      ...decided,
      details: {
        version,
        hash: toHex(hash),
        ...effectDetails(effects),
        names: profiles !== undefined,
      },
    });
    return { ...effects, version, hash, before: before.version, staff };
  });
}

interface StaffRow {
  readonly id: UserId;
  readonly role: Role;
  /** Sealed. */
  readonly username: Uint8Array | null;
}

async function staffOf(
  client: Client,
  tenant: TenantId,
  affected: readonly Role[],
  profiles: Profiles | undefined,
): Promise<readonly AffectedAccount[]> {
  const { rows } = await client.query<StaffRow>(
    `select id, role, username from users
     where role = any($1::text[]) and role = any($2::text[]) order by role, id limit $3`,
    [staffRoles, affected, MOST_SHOWN],
  );
  if (profiles === undefined) return rows.map(({ id, role }) => ({ id, role, username: null }));
  const named = await profiles.openedNames(
    tenant,
    rows.map((row) => ({ ...row, displayName: null })),
  );
  return named.map(({ id, role, username }) => ({ id, role, username }));
}
