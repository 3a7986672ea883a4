import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Client } from "../../db/pool.ts";
import { authorised, type Administrator } from "../accounts/administrator.ts";
import type { StaffName } from "../accounts/find-staff.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { lockStaff } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import { recordMembership } from "./follow-groups.ts";

/** The largest number of teams of an account: those that its certificate can name. */
export const MOST_TEAMS = 64;

/**
 * Puts an account of staff into a team, or takes it out. A membership that a group of an identity provider gives is
 * changed there only. A repeat changes nothing and is audited. The application may not do this, so it connects as the owner
 * of the database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError user_not_found, team_follows_directory, account_disabled, too_many_teams; those of
 *   `by.authorise`; KeysError kms_...
 */
export function changeMembership(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  change: {
    readonly tenant: TenantId;
    readonly team: string;
    readonly account: StaffName;
    readonly isMember: boolean;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<UserId> {
  const { tenant, team, account, isMember, nowMs, by } = change;
  return asOwner(ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await lockStaff(client, profiles, tenant, account);
    const before = await membership(client, team, user);
    const provider = before?.provider ?? undefined;
    if (provider !== undefined) throw followsDirectory(team, provider);
    if (!isMember) await client.query(LEAVE, [team, user]);
    else if (before === undefined) {
      await assertMayJoin(client, user);
      await client.query(JOIN, [tenant, team, user, nowMs]);
    }
    await recordMembership(
      client,
      { ...who, tenant, user, occurredAtMs: nowMs },
      { team, isMember },
    );
    return user;
  });
}

const JOIN = "insert into team_members (tenant, team, user_id, since_ms) values ($1, $2, $3, $4)";
const LEAVE = "delete from team_members where team = $1 and user_id = $2";

/** Returns the membership, with the name of the provider that gives it. */
async function membership(client: Client, team: string, user: UserId) {
  const { rows } = await client.query<{ provider: string | null }>(
    `select p.name as provider from team_members m left join identity_providers p on p.id = m.provider
     where m.team = $1 and m.user_id = $2`,
    [team, user],
  );
  return rows[0];
}

async function assertMayJoin(client: Client, user: UserId): Promise<void> {
  const disabled = await client.query(
    "select from users where id = $1 and disabled_at_ms is not null",
    [user],
  );
  if (disabled.rowCount !== 0)
    throw new IdentityError(
      "account_disabled",
      "A disabled account is in no team. Enable the account first.",
    );
  const { rowCount } = await client.query("select from team_members where user_id = $1", [user]);
  if ((rowCount ?? 0) >= MOST_TEAMS)
    throw new IdentityError("too_many_teams", `An account is in at most ${MOST_TEAMS} teams.`);
}

const followsDirectory = (team: string, provider: string): IdentityError =>
  new IdentityError(
    "team_follows_directory",
    `A group of the identity provider ${provider} puts this account into the team ${team}. Change the group there, or its mapping with \`sealdesk idp teams\`.`,
  );
