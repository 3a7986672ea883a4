import { appendEntry } from "../../audit/append-entry.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import { disable } from "../accounts/disable-account.ts";
import { IdentityError, userNotFound } from "../identity-error.ts";
import { identityIndexes } from "../providers/identity-index.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import {
  changeProvisioned,
  type Provisioned,
  type Provisioning,
  type ProvisioningDeps,
  type ProvisioningPlace,
} from "./change-provisioned.ts";
import type { PersonAttributes } from "./person-attributes.ts";
import { settleAccount } from "./settle-account.ts";
import {
  openPeople,
  PERSON,
  sealPerson,
  userNameIndexes,
  type PersonRow,
  type StoredPerson,
} from "./stored-person.ts";

/**
 * Stores a new person of a provider. If the provider's person has an account already, it is theirs.
 * @param newId the person's id, if they have no account yet
 * @throws IdentityError username_taken, provisioning_not_enabled; those of `by.authorise`; KeysError kms_...
 */
export const createPerson = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  attributes: PersonAttributes,
  newId: UserId,
): Promise<Provisioned<StoredPerson>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider } = work;
    const { tenant } = provider;
    const user = (await knownAccount(work, attributes)) ?? newId;
    const { nameIndex, identityIndex } = await freeIndexes(work, user, attributes, "nobody");
    const nowMs = work.by.occurredAtMs;
    await client.query(
      `insert into provisioned_people
         (tenant, provider, user_id, user_name_index, identity_index, attributes, active, gave_role, created_at_ms,
          changed_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, false, $8, $8)`,
      [
        tenant,
        provider.id,
        user,
        nameIndex,
        identityIndex,
        await sealPerson(deps.profiles, tenant, user, attributes),
        attributes.active,
        nowMs,
      ],
    );
    await settleAccount(work, user);
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.create_person",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { provider: provider.name, ...storedDetails(attributes.active, identityIndex) },
    });
    return { ...attributes, id: user, createdAtMs: nowMs, changedAtMs: nowMs };
  });

/**
 * Changes a person of a provider, and their account with them.
 * @param change returns the person as they are to be
 * @throws IdentityError user_not_found, username_taken, immutable_scim_attribute, provisioning_not_enabled; those of `by.authorise` and
 *   `change`; KeysError kms_...
 */
export const changePerson = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  user: UserId,
  change: (person: PersonAttributes) => PersonAttributes,
): Promise<Provisioned<StoredPerson>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider } = work;
    const before = await findPerson(work, user);
    const { userName, displayName, externalId, active } = change(before);
    const attributes = { userName, displayName, externalId, active };
    const changed = personAttributeNames.filter((name) => attributes[name] !== before[name]);
    if (before.externalId !== undefined && changed.includes("externalId"))
      await assertNoAccount(client, user);
    if (changed.some((name) => name !== "active")) await storeNames(work, user, attributes);
    const changedAtMs = work.by.occurredAtMs;
    const { rows } = await client.query<{ identityIndex: Uint8Array | null }>(
      `update provisioned_people set active = $3, changed_at_ms = $4
       where provider = $1 and user_id = $2 returning identity_index as "identityIndex"`,
      [provider.id, user, active, changedAtMs],
    );
    await settleAccount(work, user);
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.change_person",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: {
        provider: provider.name,
        changed,
        ...storedDetails(active, rows[0]?.identityIndex ?? null),
      },
    });
    return { ...before, ...attributes, changedAtMs };
  });

/**
 * Removes a person of a provider. Their account is disabled.
 * @throws IdentityError user_not_found, provisioning_not_enabled; those of `by.authorise`; KeysError kms_...
 */
export const removePerson = (
  deps: ProvisioningDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  user: UserId,
): Promise<Provisioned<void>> =>
  changeProvisioned(deps, by, place, async (work) => {
    const { client, provider, departed } = work;
    // The names stay sealed: a person is removed also while the key service is away.
    const removed = await client.query(
      "delete from provisioned_people where provider = $1 and user_id = $2",
      [provider.id, user],
    );
    if (removed.rowCount === 0) throw userNotFound();
    const { rowCount } = await client.query(
      "select from users where id = $1 and disabled_at_ms is null for no key update",
      [user],
    );
    if (rowCount !== 0) {
      await disable(client, { ...work.by, user, provider });
      departed.add(user);
    }
    await appendEntry(client, {
      ...work.by,
      action: "provisioning.remove_person",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { provider: provider.name },
    });
  });

/** What is stored, for the comparison of the database with the log. */
const storedDetails = (active: boolean, identityIndex: Uint8Array | null) => ({
  active,
  ...(identityIndex && { externalIdDigest: digestOf(identityIndex) }),
});

const personAttributeNames = ["userName", "displayName", "externalId", "active"] as const;

async function storeNames(
  work: Provisioning,
  user: UserId,
  attributes: PersonAttributes,
): Promise<void> {
  const { deps, client, provider } = work;
  const { nameIndex, identityIndex } = await freeIndexes(work, user, attributes, user);
  await client.query(
    `update provisioned_people set user_name_index = $3, identity_index = $4, attributes = $5
     where provider = $1 and user_id = $2`,
    [
      provider.id,
      user,
      nameIndex,
      identityIndex,
      await sealPerson(deps.profiles, provider.tenant, user, attributes),
    ],
  );
}

/**
 * Only the operator gives an account to another person, so an account keeps its `externalId`.
 * @throws IdentityError immutable_scim_attribute
 */
async function assertNoAccount(client: Client, user: UserId): Promise<void> {
  const { rowCount } = await client.query("select from users where id = $1", [user]);
  if (rowCount !== 0)
    throw new IdentityError(
      "immutable_scim_attribute",
      "externalId cannot change, because the person has an account. The operator links it to another person with `sealdesk idp link`.",
    );
}

async function findPerson(
  { deps, client, provider }: Provisioning,
  user: UserId,
): Promise<StoredPerson> {
  const { rows } = await client.query<PersonRow>(
    `select ${PERSON} from provisioned_people p where p.provider = $1 and p.user_id = $2`,
    [provider.id, user],
  );
  const [person] = await openPeople(deps.profiles, provider.tenant, rows);
  if (person === undefined) throw userNotFound();
  return person;
}

const identitiesOf = (
  { deps, provider: { tenant, issuer } }: Provisioning,
  { externalId }: PersonAttributes,
): readonly Uint8Array[] =>
  externalId === undefined
    ? []
    : identityIndexes(deps.blindIndexKeys(), tenant, { issuer, subject: externalId });

/** Returns the account of the provider's person, which a sign-in or the operator made before. */
async function knownAccount(
  work: Provisioning,
  attributes: PersonAttributes,
): Promise<UserId | undefined> {
  const { rows } = await work.client.query<{ id: UserId }>(
    "select id from users where identity_index = any($1::bytea[]) limit 1",
    [identitiesOf(work, attributes)],
  );
  return rows[0]?.id;
}

/**
 * Returns the indexes of a person, unless somebody else has the name or the id.
 * @param self the person whom the indexes may belong to already
 * @throws IdentityError username_taken
 */
async function freeIndexes(
  work: Provisioning,
  user: UserId,
  attributes: PersonAttributes,
  self: UserId | "nobody",
): Promise<{
  readonly nameIndex: Uint8Array | undefined;
  readonly identityIndex: Uint8Array | null;
}> {
  const { deps, client, provider } = work;
  const names = userNameIndexes(deps.profiles, provider.tenant, attributes.userName);
  const identities = identitiesOf(work, attributes);
  const { rowCount } = await client.query(
    `select from provisioned_people
     where ((provider = $1 and user_name_index = any($2::bytea[])) or identity_index = any($3::bytea[])
       or user_id = $4) and user_id is distinct from $5
     union all
     select from users where identity_index = any($3::bytea[]) and id <> $4`,
    [provider.id, names, identities, user, self === "nobody" ? null : self],
  );
  if (rowCount !== 0)
    throw new IdentityError(
      "username_taken",
      "Another person has this userName, in capital or small letters, or this externalId.",
    );
  return { nameIndex: names[0], identityIndex: identities[0] ?? null };
}
