import { changeMembership } from "../../../identity/teams/change-membership.ts";
import { listMemberships } from "../../../identity/teams/list-memberships.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { labelOf } from "../labels.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

/** An account in a team, as the options name it. */
export interface Membership {
  readonly tenant: string;
  readonly team: string;
  readonly username: string;
}

/** Returns a line for each membership: the team, the account, and the provider whose group gives it. */
export async function listTeamsCommand(settings: Settings, slug: string): Promise<string> {
  const named = await withKeys(settings, slug, async ({ data, tenant, profiles }) => {
    const members = await inTransaction(data, tenant, listMemberships);
    return profiles.openedNames(tenant, members);
  });
  if (named.length === 0) return "Nobody is in a team.";
  return named
    .map(({ id, team, username, provider }) =>
      [team, username ?? id, ...(provider === null ? [] : [`by ${provider}`])].join("  "),
    )
    .join("\n");
}

/** Puts an account into a team, or takes it out. */
export async function changeTeamCommand(
  settings: Settings,
  { tenant: slug, team, username }: Membership,
  isMember: boolean,
): Promise<string> {
  const name = labelOf(team);
  await withKeys(settings, slug, ({ ownerUrl, profiles, tenant }) =>
    changeMembership(ownerUrl, profiles, {
      tenant,
      team: name,
      account: { username },
      isMember,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return isMember
    ? `${username} is in the team ${name}.`
    : `${username} is not in the team ${name}.`;
}
