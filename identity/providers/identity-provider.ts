import { z } from "zod";
import type { IdentityProviderId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { staffRoles } from "../../policies/actor.ts";
import type { GroupRole } from "../../policies/provider-role.ts";
import { providerMetadata, type ProviderMetadata } from "./provider-metadata.ts";

/** An OpenID provider with which a tenant's staff sign in, and Sealdesk's registration there. */
export interface IdentityProvider {
  readonly tenant: TenantId;
  readonly id: IdentityProviderId;
  /** Its short name, which devices and the operator use. */
  readonly name: string;
  /** The issuer identifier (OpenID Connect Core 1.0 section 2). */
  readonly issuer: string;
  readonly clientId: string;
  /** Sealed: see `client-secret.ts`. */
  readonly clientSecret: Uint8Array;
  /** The id under which the keystore has the key that sealed the client secret. */
  readonly sealedUnder: UserId;
  readonly redirectUris: readonly string[];
  /** The scopes that a device asks for, with spaces between (RFC 6749 section 3.3). */
  readonly scope: string;
  /** The claim that lists a person's groups. */
  readonly groupsClaim: string;
  readonly roles: readonly GroupRole[];
  /** Whoever is in a group is in its team. */
  readonly teams: readonly GroupTeam[];
  /**
   * "jit": a first sign-in creates an account. "existing": the operator links accounts. "scim-only": the provider
   * makes and ends them over SCIM.
   */
  readonly accounts: "jit" | "existing" | "scim-only";
  /** The claim that identifies a person. `oid` is what Microsoft Entra ID sends as externalId over SCIM. */
  readonly subjectClaim: "sub" | "oid";
  readonly metadata: ProviderMetadata;
}

/** The largest number of groups of a provider that have a team. */
const MOST_MAPPED = 100;

/** The groups of a provider and their roles, in order of precedence. */
export const groupRoles = z.array(
  z.strictObject({ group: z.string().min(1).max(256), role: z.enum(staffRoles) }),
);

/** A group of a provider, and the team of its members. */
export interface GroupTeam {
  readonly group: string;
  /** As certificates of staff and the labels of conversations name it. */
  readonly team: string;
}

/** The groups of a provider and their teams. */
export const groupTeams = z
  .array(
    z.strictObject({
      group: z.string().min(1).max(256),
      team: z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9-]{0,62}$/,
          "The name of a team has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.",
        ),
    }),
  )
  .max(MOST_MAPPED, `A provider has at most ${MOST_MAPPED} groups with a team.`);

interface ProviderRow extends Omit<IdentityProvider, "roles" | "teams" | "metadata"> {
  readonly roles: unknown;
  readonly teams: unknown;
  readonly metadata: unknown;
}

const COLUMNS = `tenant, id, name, issuer, client_id as "clientId", client_secret as "clientSecret",
  sealed_under as "sealedUnder", redirect_uris as "redirectUris", scope, groups_claim as "groupsClaim",
  roles, teams, accounts, subject_claim as "subjectClaim", metadata`;

const parsed = (row: ProviderRow): IdentityProvider => ({
  ...row,
  roles: groupRoles.parse(row.roles),
  teams: groupTeams.parse(row.teams),
  metadata: providerMetadata.parse(row.metadata),
});

/** Returns the provider of this name. The transaction must be fenced to its tenant. */
export async function findProvider(
  client: Client,
  name: string,
): Promise<IdentityProvider | undefined> {
  const { rows } = await client.query<ProviderRow>(
    `select ${COLUMNS} from identity_providers where name = $1`,
    [name],
  );
  return rows[0] && parsed(rows[0]);
}

/** Returns the providers of the tenant to which the transaction is fenced, by name. */
export async function listProviders(client: Client): Promise<readonly IdentityProvider[]> {
  const { rows } = await client.query<ProviderRow>(
    `select ${COLUMNS} from identity_providers order by name`,
  );
  return rows.map(parsed);
}
