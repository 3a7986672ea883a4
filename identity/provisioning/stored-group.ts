import type { ProvisionedGroupId, UserId } from "../../crypto/wire/ids.ts";
import type { GroupAttributes } from "./group-attributes.ts";

/** A group as a provider reads it back. Times are milliseconds since the Unix epoch. */
export interface StoredGroup extends GroupAttributes {
  readonly id: ProvisionedGroupId;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

/** A row of `provisioned_groups` with its members. */
export interface GroupRow {
  readonly id: ProvisionedGroupId;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly members: readonly UserId[];
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export const GROUP = `g.id, g.display_name as "displayName", g.external_id as "externalId",
  array(select m.user_id from provisioned_members m
    where m.provider = g.provider and m.group_id = g.id order by m.user_id) as members,
  g.created_at_ms as "createdAtMs", g.changed_at_ms as "changedAtMs"`;

export const groupIn = ({ externalId, members, ...row }: GroupRow): StoredGroup => ({
  ...row,
  externalId: externalId ?? undefined,
  members: new Set(members),
});
