import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Role, StaffRole } from "../../policies/actor.ts";
import { decideProvisionedAccount } from "../../policies/provisioning.ts";
import { decideWithoutPerson } from "../../policies/second-person.ts";
import { changeRole } from "../accounts/set-role.ts";
import { disable, enable } from "../accounts/disable-account.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import { Policies } from "../policy/policies.ts";
import { accountNames } from "../providers/account-names.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { followGroups } from "../teams/follow-groups.ts";
import type { Provisioning } from "./change-provisioned.ts";
import { openPeople, PERSON, type PersonRow, type StoredPerson } from "./stored-person.ts";

interface Row extends PersonRow {
  readonly identityIndex: Uint8Array | null;
  readonly gaveRole: boolean;
  /** The names of the person's groups. */
  readonly groups: readonly string[];
  readonly account: {
    readonly role: Role;
    readonly disabledBy: "this_provider" | "somebody_else" | null;
    readonly isLinked: boolean;
  } | null;
  /** Sealed, of the account. */
  readonly username: Uint8Array | null;
  readonly displayName: Uint8Array | null;
}

const ROW = `
  select ${PERSON}, p.identity_index as "identityIndex", p.gave_role as "gaveRole",
    array(select g.display_name from provisioned_members m
      join provisioned_groups g on g.provider = m.provider and g.id = m.group_id
      where m.provider = p.provider and m.user_id = p.user_id) as groups,
    case when u.id is not null then jsonb_build_object('role', u.role,
      'disabledBy', case when u.disabled_at_ms is null then null
        when u.disabled_by = p.provider::text then 'this_provider' else 'somebody_else' end,
      'isLinked', u.identity_index is not null) end as account,
    u.username, u.display_name as "displayName"
  from provisioned_people p left join users u on u.id = p.user_id
  where p.provider = $1 and p.user_id = $2`;

/**
 * Makes a person's account what the provider says: open with the role and the teams of the person's groups, or disabled. An account
 * is made when the person gets a role for the first time. Each change has an audit entry. Disabling needs no key.
 * @throws IdentityError username_taken, approval_required; KeysError kms_...
 */
export async function settleAccount(work: Provisioning, user: UserId): Promise<void> {
  const { client, provider, by, departed } = work;
  // Without the lock, it could enable what the operator disables at the same time.
  await lockAccount(client, user);
  const { rows } = await client.query<Row>(ROW, [provider.id, user]);
  const [row] = rows;
  if (row === undefined) return;
  const { active, groups, gaveRole, account } = row;
  const disabledBy = account?.disabledBy ?? undefined;
  const facts = { active, groups, mapping: provider.roles, gaveRole, disabledBy };
  const { decision, role } = decideProvisionedAccount(facts);
  const change = { ...by, user, provider };
  if (!decision.allowed) {
    if (account === null || disabledBy !== undefined) return;
    await disable(client, change);
    departed.add(user);
    return;
  }
  if (role !== undefined && !gaveRole) await recordFirstRole(work, user, role);
  const [person] = await openPeople(work.deps.profiles, provider.tenant, [row]);
  if (person === undefined) return;
  if (account === null) {
    if (role === undefined) return;
    await createAccount(work, person, role, row.identityIndex);
    await followGroups(client, change, groups);
    return;
  }
  if (!account.isLinked && row.identityIndex !== null) await link(work, user, row.identityIndex);
  await rename(work, person, row);
  if (role !== undefined && role !== account.role) await changeRole(client, change, role);
  if (disabledBy !== undefined) {
    await assertMayEnable(client, provider.tenant);
    await enable(client, change);
  }
  await followGroups(client, change, groups);
}

async function recordFirstRole(
  { client, provider, by }: Provisioning,
  user: UserId,
  role: StaffRole,
): Promise<void> {
  await client.query(
    "update provisioned_people set gave_role = true where provider = $1 and user_id = $2",
    [provider.id, user],
  );
  await appendEntry(client, {
    ...by,
    action: "provisioning.give_role",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { provider: provider.name, role },
  });
}

const policies = new Policies();

/**
 * Disabling an account and enabling it resets it: its sessions, devices and certificate are gone.
 * @throws IdentityError approval_required: the policy in force demands a second person for a reset
 */
async function assertMayEnable(client: Client, tenant: TenantId): Promise<void> {
  const policy = await policies.inForce(client, tenant);
  const { allowed, reasons } = decideWithoutPerson("reset_account", policy);
  if (allowed) return;
  throw new IdentityError(
    "approval_required",
    "The tenant's policy demands a second person for the reset of an account, so no identity provider enables one that it disabled. The operator enables it with `sealdesk user enable`.",
    { reasons },
  );
}

const wantedNames = ({ userName, displayName }: StoredPerson) => ({
  username: userName,
  displayName,
});

async function createAccount(
  { deps, client, provider, by }: Provisioning,
  person: StoredPerson,
  role: StaffRole,
  identityIndex: Uint8Array | null,
): Promise<void> {
  const { tenant } = provider;
  const user = person.id;
  const names = await accountNames(deps.profiles, client, { tenant, user }, wantedNames(person));
  const sealed = await deps.profiles.seal(tenant, user, names);
  await client.query(
    `insert into users (id, tenant, role, identity_index, username_index, username, display_name, created_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      user,
      tenant,
      role,
      identityIndex,
      sealed.usernameIndexes[0],
      sealed.username,
      sealed.displayName,
      by.occurredAtMs,
    ],
  );
  await appendEntry(client, {
    ...by,
    action: "user.create",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { role, provider: provider.name, ...linkOf(identityIndex) },
  });
}

async function rename(
  { deps, client, provider, by }: Provisioning,
  person: StoredPerson,
  { username, displayName }: Row,
): Promise<void> {
  const { tenant } = provider;
  const user = person.id;
  const [present] = await deps.profiles.openedNames(tenant, [{ id: user, username, displayName }]);
  const own = present?.username ?? undefined;
  const account = { tenant, user };
  const names = await accountNames(deps.profiles, client, account, wantedNames(person), own);
  if (own === names.username && present?.displayName === names.displayName) return;
  const sealed = await deps.profiles.seal(tenant, user, names).catch(unlessErased);
  if (sealed === undefined) return;
  await client.query(
    "update users set username_index = $2, username = $3, display_name = $4 where id = $1",
    [user, sealed.usernameIndexes[0], sealed.username, sealed.displayName],
  );
  await appendEntry(client, {
    ...by,
    action: "user.rename",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { provider: provider.name },
  });
}

/** An erased account has no name to change. */
function unlessErased(cause: unknown): undefined {
  if (cause instanceof IdentityError && cause.code === "key_destroyed") return undefined;
  throw cause;
}

/**
 * Links an account that no person of a provider signs in to yet. Only the operator replaces a link, with
 * `sealdesk idp link`.
 */
async function link(
  { client, provider, by }: Provisioning,
  user: UserId,
  identityIndex: Uint8Array,
): Promise<void> {
  await client.query("update users set identity_index = $2 where id = $1", [user, identityIndex]);
  await appendEntry(client, {
    ...by,
    action: "user.link_identity",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    details: { provider: provider.name, sessions: 0, identityDigest: digestOf(identityIndex) },
  });
}

/** The link as an entry has it. Without a digest, the account has none. */
const linkOf = (identityIndex: Uint8Array | null) =>
  identityIndex === null ? {} : { identityDigest: digestOf(identityIndex) };
