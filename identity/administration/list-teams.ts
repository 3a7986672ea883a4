import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import type { UseCase } from "../audited.ts";
import { listMemberships, type TeamMembership } from "../teams/list-memberships.ts";

/** The number of memberships in a page. */
export const MEMBERSHIPS_PER_PAGE = 500;

/**
 * Lists a page of who is in which team, in order of team and account, for a program with an API key.
 * @param after the last membership of the page before
 * @throws IdentityError forbidden
 */
export function listTeamsByKey(
  { pool, now }: UseCase,
  by: KeyAdministrator,
  tenant: TenantId,
  after: Pick<TeamMembership, "team" | "id"> | undefined,
): Promise<readonly TeamMembership[]> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const memberships = await listMemberships(client, { after, limit: MEMBERSHIPS_PER_PAGE });
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "team.list",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
    });
    return memberships;
  });
}
