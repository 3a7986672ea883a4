import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** An account in a team. */
export interface TeamMembership {
  readonly team: string;
  /** The account. */
  readonly id: UserId;
  /** The name of the identity provider whose group gives it; null if an administrator did. */
  readonly provider: string | null;
}

/**
 * Returns who is in which team, by team and account, with the sealed names. The transaction must be fenced to the
 * tenant.
 * @param after the last one of the previous page
 */
export async function listMemberships(
  client: Client,
  page?: {
    readonly after: Pick<TeamMembership, "team" | "id"> | undefined;
    readonly limit: number;
  },
): Promise<
  readonly (TeamMembership & {
    readonly username: Uint8Array | null;
    readonly displayName: Uint8Array | null;
  })[]
> {
  const { rows } = await client.query<
    TeamMembership & {
      readonly username: Uint8Array | null;
      readonly displayName: Uint8Array | null;
    }
  >(
    `select m.team, u.id, p.name as provider, u.username, u.display_name as "displayName"
     from team_members m join users u on u.id = m.user_id
     left join identity_providers p on p.id = m.provider
     where $1::text is null or (m.team collate "C", u.id) > ($1, $2::uuid)
     order by m.team collate "C", u.id limit $3`,
    [page?.after?.team ?? null, page?.after?.id ?? null, page?.limit ?? null],
  );
  return rows;
}
