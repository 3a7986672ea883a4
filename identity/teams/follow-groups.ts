import { appendEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import type { ChangeBy } from "../accounts/administrator.ts";
import type { IdentityProvider } from "../providers/identity-provider.ts";

/** Whose teams follow which provider. */
export type FollowedBy = Omit<ChangeBy, "provider"> & {
  readonly provider: Pick<IdentityProvider, "id" | "name">;
};

/**
 * Makes the teams that a provider gives an account those that are mapped to the person's groups. Other teams of the
 * account stay. Each change has an audit entry. The transaction must be fenced to the tenant.
 * @param groups as the provider says. Without any, the account leaves the teams that the provider gave it
 */
export async function followGroups(
  client: Client,
  { user, provider, ...who }: FollowedBy,
  groups: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ team: string; isMember: boolean }>(
    `select changed_team as team, is_member as "isMember" from sealdesk.follow_groups($1, $2, $3, $4)`,
    [user, provider.id, groups, who.occurredAtMs],
  );
  for (const { team, isMember } of rows)
    await recordMembership(client, { ...who, user, provider }, { team, isMember });
}

/** Appends the entry of a membership that began or ended. */
export async function recordMembership(
  client: Client,
  {
    user,
    provider,
    ...who
  }: Omit<ChangeBy, "provider"> & {
    readonly provider?: { readonly name: string } | undefined;
  },
  { team, isMember }: { readonly team: string; readonly isMember: boolean },
): Promise<void> {
  await appendEntry(client, {
    ...who,
    action: isMember ? "team.add_member" : "team.remove_member",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { team, ...(provider !== undefined && { provider: provider.name }) },
  });
}

/** Takes an account out of all its teams, because it is disabled. */
export const leaveAllTeams = (client: Client, who: Omit<ChangeBy, "provider">): Promise<void> =>
  leave(client, who, "user_id = $1");

/** Takes an account out of the teams that providers gave it, because it is another person's from now on. */
export const leaveDirectoryTeams = (
  client: Client,
  who: Omit<ChangeBy, "provider">,
): Promise<void> => leave(client, who, "user_id = $1 and provider is not null");

/** @param which selects memberships of the account `$1` */
async function leave(
  client: Client,
  { user, ...who }: Omit<ChangeBy, "provider">,
  which: string,
): Promise<void> {
  const { rows } = await client.query<{ team: string; provider: string | null }>(
    `with left_teams as (delete from team_members where ${which} returning team, provider)
     select l.team, p.name as provider from left_teams l
     left join identity_providers p on p.id = l.provider order by l.team`,
    [user],
  );
  for (const { team, provider } of rows) {
    const named = provider === null ? undefined : { name: provider };
    await recordMembership(client, { ...who, user, provider: named }, { team, isMember: false });
  }
}
