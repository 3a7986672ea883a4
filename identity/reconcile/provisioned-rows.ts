import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RecordedRow, RowSource } from "./row-source.ts";

const PEOPLE = "sealdesk.provisioned_people";
const GROUPS = "sealdesk.provisioned_groups";
const MEMBERS = "sealdesk.provisioned_members";

const placeOf = {
  person: (provider: string, user: string) => `${PEOPLE} ${provider} ${user}`,
  gaveRole: (provider: string, user: string) => `${PEOPLE} ${provider} ${user} gave_role`,
  group: (provider: string, group: string) => `${GROUPS} ${provider} ${group}`,
  member: (provider: string, group: string, user: string) =>
    `${MEMBERS} ${provider} ${group} ${user}`,
} as const;

interface Person {
  readonly active: boolean;
  /** SHA-256 in hexadecimal. */
  readonly externalIdDigest?: string | null | undefined;
}

interface Group {
  readonly role?: string | null | undefined;
  /** As `groupNameDigest` returns it. */
  readonly nameDigest: string;
}

const personWords = ({ active, externalIdDigest }: Person): readonly string[] => [
  active ? "active" : "inactive",
  `identity ${externalIdDigest ?? "none"}`,
];
const groupWords = ({ role, nameDigest }: Group): readonly string[] => [
  role === null || role === undefined ? "gives no role" : `gives ${role}`,
  `name ${nameDigest}`,
];
const GAVE_ROLE: readonly string[] = ["a group gave a role"];
const MEMBER: readonly string[] = ["member"];

const details = z.looseObject({ provider: z.string() });
const personDetails = z.looseObject({
  active: z.boolean(),
  externalIdDigest: z.string().optional(),
});
const groupDetails = z.looseObject({ role: z.string().optional(), nameDigest: z.string() });

/** People, groups and their members, as an identity provider has written them over SCIM. */
export const provisionedRows: RowSource = {
  actions: [
    "provisioning.create_person",
    "provisioning.change_person",
    "provisioning.remove_person",
    "provisioning.give_role",
    "provisioning.create_group",
    "provisioning.change_group",
    "provisioning.remove_group",
    "provisioning.add_member",
    "provisioning.remove_member",
    "tenant.remove_identity_provider",
    "erasure.account",
    "erasure.replay",
  ],
  recorded(entry, before) {
    const gone = removedBy(entry);
    if (gone !== undefined)
      return [...before.keys()].filter(gone).map((place) => ({ place, values: [] }));
    const row = writtenBy(entry);
    return row === undefined ? [] : [row];
  },
  read,
};

/** Returns which rows an entry removes. Undefined if it removes none of these. */
function removedBy(entry: LoggedEntry): ((place: string) => boolean) | undefined {
  const { action, resource, subject } = entry;
  const provider = details.safeParse(entry.details).data?.provider;
  const isOf = (place: string, kind: string, nth: number, name: string | undefined) =>
    place.startsWith(kind) && place.split(" ")[nth] === name;
  if (entry.details?.["erased"] === "scopes") return undefined;
  switch (action) {
    case "provisioning.remove_person":
    case "erasure.account":
    case "erasure.replay":
      return (place) => isOf(place, PEOPLE, 2, subject) || isOf(place, MEMBERS, 3, subject);
    case "provisioning.remove_group":
      return (place) => isOf(place, GROUPS, 2, resource.id) || isOf(place, MEMBERS, 2, resource.id);
    case "tenant.remove_identity_provider":
      return (place) => [PEOPLE, GROUPS, MEMBERS].some((kind) => isOf(place, kind, 1, provider));
    default:
      return undefined;
  }
}

function writtenBy(entry: LoggedEntry): RecordedRow | undefined {
  const { action, resource, subject = "" } = entry;
  const provider = details.safeParse(entry.details).data?.provider;
  if (provider === undefined) return undefined;
  switch (action) {
    case "provisioning.create_person":
    case "provisioning.change_person": {
      const { data } = personDetails.safeParse(entry.details);
      return data && { place: placeOf.person(provider, subject), values: personWords(data) };
    }
    case "provisioning.give_role":
      return { place: placeOf.gaveRole(provider, subject), values: GAVE_ROLE };
    case "provisioning.create_group":
    case "provisioning.change_group": {
      const { data } = groupDetails.safeParse(entry.details);
      return data && { place: placeOf.group(provider, resource.id), values: groupWords(data) };
    }
    case "provisioning.add_member":
      return { place: placeOf.member(provider, resource.id, subject), values: MEMBER };
    case "provisioning.remove_member":
      return { place: placeOf.member(provider, resource.id, subject), values: [] };
    default:
      return undefined;
  }
}

const STORED_PEOPLE = `
  select i.name as provider, p.user_id as user, p.active, p.gave_role as "gaveRole", p.created_at_ms as "createdAtMs",
    encode(sha256(p.identity_index), 'hex') as "externalIdDigest"
  from provisioned_people p join identity_providers i on i.tenant = p.tenant and i.id = p.provider`;
// As `mappedRole` chooses among the roles, and as `groupNameDigest` hashes the name.
const STORED_GROUPS = `
  select i.name as provider, g.id as "group", g.created_at_ms as "createdAtMs",
    encode(sha256(convert_to(g.id::text || chr(10) || g.display_name, 'UTF8')), 'hex') as "nameDigest",
    (select r.item ->> 'role' from jsonb_array_elements(i.roles) with ordinality r(item, place)
      where r.item ->> 'group' = g.display_name order by r.place limit 1) as role
  from provisioned_groups g join identity_providers i on i.tenant = g.tenant and i.id = g.provider`;
const STORED_MEMBERS = `
  select i.name as provider, m.group_id as "group", m.user_id as user, g.created_at_ms as "createdAtMs"
  from provisioned_members m join identity_providers i on i.tenant = m.tenant and i.id = m.provider
    join provisioned_groups g on g.tenant = m.tenant and g.provider = m.provider and g.id = m.group_id`;

interface PersonRow extends Person {
  readonly provider: string;
  readonly user: string;
  readonly gaveRole: boolean;
  readonly createdAtMs: number;
}

interface GroupRow extends Group {
  readonly provider: string;
  readonly group: string;
  readonly createdAtMs: number;
}

interface MemberRow {
  readonly provider: string;
  readonly group: string;
  readonly user: string;
  readonly createdAtMs: number;
}

async function read(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  const people = await client.query<PersonRow>(STORED_PEOPLE);
  for (const { provider, user, gaveRole, createdAtMs, ...person } of people.rows) {
    rows.set(placeOf.person(provider, user), { words: personWords(person), createdAtMs });
    if (gaveRole) rows.set(placeOf.gaveRole(provider, user), { words: GAVE_ROLE, createdAtMs });
  }
  const groups = await client.query<GroupRow>(STORED_GROUPS);
  for (const { provider, group, createdAtMs, ...named } of groups.rows)
    rows.set(placeOf.group(provider, group), { words: groupWords(named), createdAtMs });
  const members = await client.query<MemberRow>(STORED_MEMBERS);
  for (const { provider, group, user, createdAtMs } of members.rows)
    rows.set(placeOf.member(provider, group, user), { words: MEMBER, createdAtMs });
  return rows;
}
