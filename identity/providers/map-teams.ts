import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Administrator } from "../accounts/administrator.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { lockAccounts } from "../directory/lock-account.ts";
import { followGroups, recordMembership, type FollowedBy } from "../teams/follow-groups.ts";
import { findProvider, groupTeams, type GroupTeam } from "./identity-provider.ts";
import { invalidProvider, noSuchProvider } from "./invalid-provider.ts";

/**
 * Maps groups of a provider to teams, instead of those that were mapped before. Accounts that come over SCIM are in their
 * teams at once. Others follow at their next sign-in, but leave at once each team of which a group is mapped no more.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found, identity_provider_not_found, invalid_identity_provider; those of
 *   `by.authorise`
 */
export async function mapTeams(
  ownerUrl: string,
  change: {
    /** The tenant's short name. */
    readonly slug: string;
    /** The provider's name. */
    readonly name: string;
    readonly teams: readonly GroupTeam[];
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> {
  const { slug, name, nowMs, by } = change;
  const { data: teams, error } = groupTeams.safeParse(change.teams);
  if (error !== undefined)
    throw invalidProvider(error.issues[0]?.message ?? "The teams are not valid.");
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.map_teams", nowMs, by },
    async (client, { id: tenant }, who) => {
      // As changes over SCIM do, so that they wait for each other.
      await client.query("select from identity_providers where name = $1 for no key update", [
        name,
      ]);
      const provider = await findProvider(client, name);
      if (provider === undefined) throw noSuchProvider(name);
      await client.query("update identity_providers set teams = $2 where id = $1", [
        provider.id,
        JSON.stringify(teams),
      ]);
      const changed = { ...who, occurredAtMs: nowMs, tenant, provider };
      if (provider.accounts === "scim-only") await followProvisioned(client, changed);
      else await leaveUnmapped(client, changed, unmapped(provider.teams, teams));
      return { provider: name, teams: teams.map((each) => ({ ...each })) };
    },
  );
}

type MappedBy = Omit<FollowedBy, "user">;

/** Returns the teams that some group was mapped to and is not any more. */
const unmapped = (before: readonly GroupTeam[], after: readonly GroupTeam[]): readonly string[] =>
  before
    .filter(({ group, team }) => !after.some((each) => each.group === group && each.team === team))
    .map(({ team }) => team);

/** The provider has written the groups of everybody, so everybody's teams are known. */
async function followProvisioned(client: Client, changed: MappedBy): Promise<void> {
  const { rows } = await client.query<{ user: UserId; groups: readonly string[] }>(
    `select u.id as user, array(select g.display_name from provisioned_members m
       join provisioned_groups g on g.provider = m.provider and g.id = m.group_id
       where m.provider = p.provider and m.user_id = p.user_id) as groups
     from provisioned_people p join users u on u.id = p.user_id
     where p.provider = $1 and u.disabled_at_ms is null order by u.id`,
    [changed.provider.id],
  );
  await lockAccounts(
    client,
    rows.map(({ user }) => user),
  );
  for (const { user, groups } of rows) await followGroups(client, { ...changed, user }, groups);
}

async function leaveUnmapped(
  client: Client,
  { provider, ...who }: MappedBy,
  teams: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ user: UserId; team: string }>(
    `delete from team_members where provider = $1 and team = any($2::text[])
     returning user_id as user, team`,
    [provider.id, teams],
  );
  for (const { user, team } of rows)
    await recordMembership(client, { ...who, user, provider }, { team, isMember: false });
}
