import type { ProvisionedGroupId, UserId } from "../../crypto/wire/ids.ts";
import type { GroupAttributes } from "./group-attributes.ts";

/** A group as a provider reads it back. Times are milliseconds since the Unix epoch. */
export interface StoredGroup extends GroupAttributes {
  readonly id: ProvisionedGroupId;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

/** A group as a provider asks for it, perhaps without its members. */
export type ReadGroup = Omit<StoredGroup, "members"> & Partial<Pick<StoredGroup, "members">>;

/** A row of `provisioned_groups`. */
export interface BriefRow {
  readonly id: ProvisionedGroupId;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

/** The same with the members. */
export interface GroupRow extends BriefRow {
  readonly members: readonly UserId[];
}

/** The columns of `BriefRow`. */
export const BRIEF = `g.id, g.display_name as "displayName", g.external_id as "externalId",
  g.created_at_ms as "createdAtMs", g.changed_at_ms as "changedAtMs"`;
/** The columns of `GroupRow`. */
export const GROUP = `${BRIEF}, array(select m.user_id from provisioned_members m
    where m.provider = g.provider and m.group_id = g.id order by m.user_id) as members`;

export const briefIn = <T extends BriefRow>({ externalId, ...row }: T) => ({
  ...row,
  externalId: externalId ?? undefined,
});

export const groupIn = ({ members, ...row }: GroupRow): StoredGroup => ({
  ...briefIn(row),
  members: new Set(members),
});
