import { appendEntry } from "../../audit/append-entry.ts";
import { isId, type ProvisionedGroupId, type UserId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import { groupNotFound } from "../identity-error.ts";
import { provisioningProvider, type ProvisioningPlace } from "./change-provisioned.ts";
import { parseFilter, type Comparison } from "./filter.ts";
import type { ProvisioningPage, ProvisioningQuery, ReadingDeps } from "./read-people.ts";
import {
  BRIEF,
  briefIn,
  GROUP,
  groupIn,
  type BriefRow,
  type GroupRow,
  type ReadGroup,
} from "./stored-group.ts";

/** Which groups a provider asks for. */
export interface GroupQuery extends ProvisioningQuery {
  /** A group may have thousands of members, and providers mostly do not ask for them. */
  readonly withMembers: boolean;
}

/**
 * Lists groups of a provider.
 * @throws IdentityError invalid_scim_filter, provisioning_not_enabled; those of `by.authorise`
 */
export function listGroups(
  { pool, now }: Pick<ReadingDeps, "pool" | "now">,
  by: KeyAdministrator,
  { tenant, provider: name }: ProvisioningPlace,
  { filter, offset, count, withMembers }: GroupQuery,
): Promise<ProvisioningPage<ReadGroup>> {
  const comparisons =
    filter === undefined
      ? []
      : parseFilter(filter, ["displayname", "externalid", "id", "members", "members.value"]);
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const provider = await provisioningProvider(client, name);
    const conditions = comparisons.map(conditionOf);
    const condition = conditions.map(([sql], at) => `and ${sql.replace("?", `$${at + 2}`)}`);
    const from = `from provisioned_groups g where g.provider = $1 ${condition.join(" ")}`;
    const all = [provider.id, ...conditions.map(([, value]) => value)];
    const counted = await client.query<{ total: number }>(
      `select count(*)::integer as total ${from}`,
      all,
    );
    const { rows } = await client.query<BriefRow & Partial<GroupRow>>(
      `select ${withMembers ? GROUP : BRIEF} ${from} order by g.id limit $${all.length + 1} offset $${all.length + 2}`,
      [...all, count, offset],
    );
    await appendEntry(client, {
      ...who,
      occurredAtMs: now(),
      tenant,
      action: "provisioning.read",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: { provider: name, groups: rows.length },
    });
    return {
      total: counted.rows[0]?.total ?? 0,
      found: rows.map(({ members, ...row }) =>
        members === undefined ? briefIn(row) : groupIn({ ...row, members }),
      ),
    };
  });
}

/**
 * Returns a group of a provider.
 * @throws IdentityError group_not_found, provisioning_not_enabled; those of `by.authorise`
 */
export async function readGroup(
  deps: Pick<ReadingDeps, "pool" | "now">,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  id: ProvisionedGroupId,
  withMembers: boolean,
): Promise<ReadGroup> {
  const query = { filter: `id eq ${JSON.stringify(id)}`, offset: 0, count: 1, withMembers };
  const [group] = (await listGroups(deps, by, place, query)).found;
  if (group === undefined) throw groupNotFound();
  return group;
}

/** Returns a condition in SQL, with `?` in place of its value. */
function conditionOf({ attribute, value }: Comparison): readonly [string, unknown] {
  const text = String(value);
  switch (attribute) {
    case "displayname":
      return ["g.display_name = ?", text];
    case "externalid":
      return ["g.external_id = ?", text];
    case "id":
      return ["g.id = ?::uuid", isId<ProvisionedGroupId>(text) ? text : null];
    default:
      return [
        "exists (select from provisioned_members m where m.provider = g.provider and m.group_id = g.id and m.user_id = ?::uuid)",
        isId<UserId>(text) ? text : null,
      ];
  }
}
