import { appendEntry } from "../../audit/append-entry.ts";
import type { NewId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { isStaff, type Role, type StaffRole } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideProviderSignIn } from "../../policies/provider-role.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { followGroups } from "../teams/follow-groups.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { accountNames } from "./account-names.ts";
import { identityIndexes } from "./identity-index.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { ProviderPerson } from "./person.ts";

export interface ProviderAccountDeps {
  readonly newId: NewId;
  readonly profiles: Profiles;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  /** The id of the request for the audit entries. */
  readonly requestId?: string | undefined;
}

/** The decision about a person, and their account if they have one. */
export interface DecidedAccount {
  readonly decision: Decision;
  readonly user: UserId | undefined;
}

interface AccountRow {
  readonly id: UserId;
  readonly role: Role;
  readonly username: Uint8Array | null;
  readonly displayName: Uint8Array | null;
  readonly isProvisioned: boolean;
  readonly isDisabled: boolean;
}

/**
 * Finds the account of a person whom the provider has authenticated, or creates it, and gives it the role,
 * the teams and the names that the provider says. Who may not sign in leaves the teams that the provider gave. The transaction must be fenced to the tenant.
 * @throws IdentityError key_destroyed, username_taken; KeysError kms_...
 */
export async function accountOfPerson(
  deps: ProviderAccountDeps,
  client: Client,
  provider: IdentityProvider,
  person: ProviderPerson,
  nowMs: number,
): Promise<DecidedAccount> {
  const { tenant, id, issuer, roles: mapping, accounts } = provider;
  const indexes = identityIndexes(deps.blindIndexKeys(), tenant, { issuer, ...person });
  const { rows } = await client.query<AccountRow>(
    `select id, role, username, display_name as "displayName", disabled_at_ms is not null as "isDisabled", exists (
       select from provisioned_people p where p.user_id = users.id and p.provider = $2) as "isProvisioned"
     from users where identity_index = any($1::bytea[])
     order by array_position($1::bytea[], identity_index) limit 1 for update`,
    [indexes, id],
  );
  const [known] = rows;
  const currentRole = known !== undefined && isStaff(known.role) ? known.role : undefined;
  const { decision, role } = decideProviderSignIn({
    mapping,
    groups: person.groups,
    currentRole,
    isDisabled: known?.isDisabled === true,
    accounts,
    isProvisioned: known?.isProvisioned === true,
  });
  if (role === undefined) {
    if (known !== undefined)
      await followGroups(client, changeBy(deps, provider, known.id, nowMs), []);
    return { decision, user: known?.id };
  }
  // Who comes over SCIM has role and names from there.
  if (known !== undefined && accounts === "scim-only") return { decision, user: known.id };
  const work = { deps, client, provider, person, nowMs };
  const user =
    known === undefined ? await create(work, role, indexes[0]) : await update(work, known, role);
  await followGroups(client, changeBy(deps, provider, user, nowMs), person.groups);
  return { decision, user };
}

interface Work {
  readonly deps: ProviderAccountDeps;
  readonly client: Client;
  readonly provider: IdentityProvider;
  readonly person: ProviderPerson;
  readonly nowMs: number;
}

async function create(work: Work, role: StaffRole, index: Uint8Array): Promise<UserId> {
  const { deps, client, provider, person, nowMs } = work;
  const { tenant } = provider;
  const user = deps.newId<UserId>();
  const wanted = { username: person.username ?? user, displayName: person.displayName };
  const names = await accountNames(deps.profiles, client, { tenant, user }, wanted);
  const sealed = await deps.profiles.seal(tenant, user, names);
  await client.query("select create_provider_account($1, $2, $3, $4, $5, $6, $7, $8)", [
    user,
    provider.id,
    role,
    index,
    sealed.usernameIndexes[0],
    sealed.username,
    sealed.displayName,
    nowMs,
  ]);
  await appendEntry(client, {
    ...entryOf(work, user),
    action: "user.create",
    details: { role, provider: provider.name, identityDigest: digestOf(index) },
  });
  return user;
}

async function update(work: Work, known: AccountRow, role: StaffRole): Promise<UserId> {
  const { deps, client, provider, person } = work;
  const { tenant } = provider;
  const [before] = await deps.profiles.openedNames(tenant, [known]);
  const own = before?.username ?? known.id;
  const account = { tenant, user: known.id };
  const wanted = { username: person.username ?? own, displayName: person.displayName };
  const names = await accountNames(deps.profiles, client, account, wanted, own);
  const isRenamed = before?.username !== names.username || before.displayName !== names.displayName;
  if (!isRenamed && role === known.role) return known.id;
  const sealed = await deps.profiles.seal(tenant, known.id, names);
  await client.query("select update_provider_account($1, $2, $3, $4, $5, $6)", [
    known.id,
    provider.id,
    role,
    sealed.usernameIndexes[0],
    sealed.username,
    sealed.displayName,
  ]);
  const entry = entryOf(work, known.id);
  if (isRenamed)
    await appendEntry(client, {
      ...entry,
      action: "user.rename",
      details: { provider: provider.name },
    });
  if (role !== known.role)
    await appendEntry(client, {
      ...entry,
      action: "user.set_role",
      details: { role, before: known.role, provider: provider.name },
    });
  return known.id;
}

const changeBy = (
  { requestId }: ProviderAccountDeps,
  provider: IdentityProvider,
  user: UserId,
  nowMs: number,
) =>
  ({
    occurredAtMs: nowMs,
    tenant: provider.tenant,
    actor: { kind: "system", id: "sign-in" },
    requestId,
    user,
    provider,
  }) as const;

const entryOf = ({ deps, provider, nowMs }: Work, user: UserId) => {
  const { user: id, provider: _provider, ...who } = changeBy(deps, provider, user, nowMs);
  return {
    ...who,
    resource: { type: "user", id },
    subject: id,
    outcome: "success",
  } as const;
};
