import { appendEntry } from "../../audit/append-entry.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { ProvisionedGroupId, UserId } from "../../crypto/wire/ids.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import { lockAccounts } from "../directory/lock-account.ts";
import { groupNameDigest } from "../reconcile/digest-of.ts";
import { groupNotFound } from "../identity-error.ts";
import {
  changeProvisioned,
  type Provisioned,
  type Provisioning,
  type ProvisioningDeps,
  type ProvisioningPlace,
} from "./change-provisioned.ts";
import { noSuchMember, type GroupAttributes } from "./group-attributes.ts";
import { invalidValue } from "./scim-refusals.ts";
import type { StaffRole } from "../../policies/actor.ts";
import { mappedRole } from "../../policies/provider-role.ts";
import type { IdentityProvider } from "../providers/identity-provider.ts";
import { settleAccount } from "./settle-account.ts";
import { GROUP, groupIn, type GroupRow, type StoredGroup } from "./stored-group.ts";

/** A change of a group settles the accounts of its members in one transaction. */
const MOST_MEMBERS = 10_000;

const tooManyMembers = () =>
  invalidValue(`A group has at most ${MOST_MEMBERS} members. Divide it at the identity provider.`);

/**
 * Stores a new group of a provider. Its members get the role that the operator mapped to its name.
 * @throws IdentityError invalid_scim_value, provisioning_not_enabled, username_taken; those of `by.authorise`;
 *   KeysError kms_...
 */
export const createGroup = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  attributes: GroupAttributes,
  id: ProvisionedGroupId,
): Promise<Provisioned<StoredGroup>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider } = work;
    const nowMs = work.by.occurredAtMs;
    const { displayName, externalId, members } = attributes;
    await client.query(
      `insert into provisioned_groups
         (tenant, provider, id, display_name, external_id, created_at_ms, changed_at_ms)
       values ($1, $2, $3, $4, $5, $6, $6)`,
      [provider.tenant, provider.id, id, displayName, externalId ?? null, nowMs],
    );
    await addMembers(work, id, [...members]);
    await settleAccounts(work, members);
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.create_group",
      resource: { type: "group", id },
      outcome: "success",
      details: {
        provider: provider.name,
        added: members.size,
        nameDigest: groupNameDigest(id, displayName),
        ...roleOf(provider, displayName),
      },
    });
    return { ...attributes, id, createdAtMs: nowMs, changedAtMs: nowMs };
  });

/**
 * Changes a group of a provider, and the accounts of those who come and go.
 * @param change returns the group as it is to be
 * @throws IdentityError group_not_found, invalid_scim_value, provisioning_not_enabled, username_taken; those of
 *   `by.authorise` and `change`; KeysError kms_...
 */
export const changeGroup = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  id: ProvisionedGroupId,
  change: (group: GroupAttributes) => GroupAttributes,
): Promise<Provisioned<StoredGroup>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider } = work;
    const before = await findGroup(work, id);
    const { displayName, externalId, members } = change(before);
    if (members.size > MOST_MEMBERS) throw tooManyMembers();
    const changedAtMs = work.by.occurredAtMs;
    await client.query(
      `update provisioned_groups set display_name = $3, external_id = $4, changed_at_ms = $5
       where provider = $1 and id = $2`,
      [provider.id, id, displayName, externalId ?? null, changedAtMs],
    );
    const added = [...members].filter((user) => !before.members.has(user));
    const removed = [...before.members].filter((user) => !members.has(user));
    await addMembers(work, id, added);
    await removeMembers(work, id, removed);
    // With another name, the group may give another role to all of its members.
    const isRenamed = displayName !== before.displayName;
    await settleAccounts(work, [...removed, ...(isRenamed ? members : added)]);
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.change_group",
      resource: { type: "group", id },
      outcome: "success",
      details: {
        provider: provider.name,
        added: added.length,
        removed: removed.length,
        nameDigest: groupNameDigest(id, displayName),
        ...roleOf(provider, displayName),
      },
    });
    return { ...before, displayName, externalId, members, changedAtMs };
  });

/**
 * Removes a group of a provider. Who has no other group with a role loses the account.
 * @throws IdentityError group_not_found, provisioning_not_enabled, username_taken; those of `by.authorise`;
 *   KeysError kms_...
 */
export const removeGroup = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  id: ProvisionedGroupId,
): Promise<Provisioned<void>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider } = work;
    const { members } = await findGroup(work, id);
    await client.query("delete from provisioned_groups where provider = $1 and id = $2", [
      provider.id,
      id,
    ]);
    await settleAccounts(work, members);
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.remove_group",
      resource: { type: "group", id },
      outcome: "success",
      details: { provider: provider.name, removed: members.size },
    });
  });

async function findGroup(
  { client, provider }: Provisioning,
  id: ProvisionedGroupId,
): Promise<StoredGroup> {
  const { rows } = await client.query<GroupRow>(
    `select ${GROUP} from provisioned_groups g where g.provider = $1 and g.id = $2`,
    [provider.id, id],
  );
  const [row] = rows;
  if (row === undefined) throw groupNotFound();
  return groupIn(row);
}

/** Settles accounts in the given order, so that those who leave come first. It locks them in order of id. */
async function settleAccounts(work: Provisioning, users: Iterable<UserId>): Promise<void> {
  const ids = [...users];
  await lockAccounts(work.client, ids);
  for (const user of ids) await settleAccount(work, user);
}

/** The role that the operator mapped to the name of a group, for an entry. */
function roleOf({ roles }: IdentityProvider, name: string): { readonly role?: StaffRole } {
  const role = mappedRole(roles, [name]);
  return role === undefined ? {} : { role };
}

/** @throws IdentityError invalid_scim_value, if the provider has not written one of them */
async function addMembers(
  work: Provisioning,
  id: ProvisionedGroupId,
  members: readonly UserId[],
): Promise<void> {
  const { client, provider } = work;
  const { rowCount } = await client.query(
    `insert into provisioned_members (tenant, provider, group_id, user_id)
     select tenant, provider, $2, user_id from provisioned_people
     where provider = $1 and user_id = any($3::uuid[])`,
    [provider.id, id, uuidArray(members)],
  );
  if (rowCount !== members.length) throw noSuchMember();
  await recordMembers(work, "provisioning.add_member", id, members);
}

async function removeMembers(
  work: Provisioning,
  id: ProvisionedGroupId,
  members: readonly UserId[],
): Promise<void> {
  const { client, provider } = work;
  await client.query(
    `delete from provisioned_members
     where provider = $1 and group_id = $2 and user_id = any($3::uuid[])`,
    [provider.id, id, uuidArray(members)],
  );
  await recordMembers(work, "provisioning.remove_member", id, members);
}

async function recordMembers(
  { client, provider, by }: Provisioning,
  action: "provisioning.add_member" | "provisioning.remove_member",
  id: ProvisionedGroupId,
  members: readonly UserId[],
): Promise<void> {
  for (const subject of members)
    await appendEntry(client, {
      ...by,
      action,
      resource: { type: "group", id },
      subject,
      outcome: "success",
      details: { provider: provider.name },
    });
}
