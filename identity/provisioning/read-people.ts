import { appendEntry } from "../../audit/append-entry.ts";
import { isId, type UserId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import { userNotFound } from "../identity-error.ts";
import { identityIndexes } from "../providers/identity-index.ts";
import type { IdentityProvider } from "../providers/identity-provider.ts";
import {
  provisioningProvider,
  type ProvisioningDeps,
  type ProvisioningPlace,
} from "./change-provisioned.ts";
import { parseFilter, type Comparison } from "./filter.ts";
import {
  openPeople,
  PERSON,
  userNameIndexes,
  type PersonRow,
  type StoredPerson,
} from "./stored-person.ts";

/** Which resources a provider asks for. */
export interface ProvisioningQuery {
  readonly filter: string | undefined;
  /** How many resources come before the first one of the page. */
  readonly offset: number;
  /** The most resources of a page. */
  readonly count: number;
}

/** A page of resources in order of id, and how many there are. */
export interface ProvisioningPage<T> {
  readonly total: number;
  readonly found: readonly T[];
}

export type ReadingDeps = Omit<ProvisioningDeps, "ownerUrl" | "newId"> & { readonly pool: Pool };

/**
 * Lists people of a provider.
 * @throws IdentityError invalid_scim_filter, provisioning_not_enabled; those of `by.authorise`; KeysError kms_...
 */
export function listPeople(
  deps: ReadingDeps,
  by: KeyAdministrator,
  { tenant, provider: name }: ProvisioningPlace,
  { filter, offset, count }: ProvisioningQuery,
): Promise<ProvisioningPage<StoredPerson>> {
  const comparisons =
    filter === undefined ? [] : parseFilter(filter, ["username", "externalid", "id", "active"]);
  return inTransaction(deps.pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const provider = await provisioningProvider(client, name);
    const { condition, values } = conditionOf(deps, provider, comparisons);
    const from = `from provisioned_people p where p.provider = $1 ${condition}`;
    const all = [provider.id, ...values];
    const counted = await client.query<{ total: number }>(
      `select count(*)::integer as total ${from}`,
      all,
    );
    const { rows } = await client.query<PersonRow>(
      `select ${PERSON} ${from} order by p.user_id limit $${all.length + 1} offset $${all.length + 2}`,
      [...all, count, offset],
    );
    await appendEntry(client, {
      ...who,
      occurredAtMs: deps.now(),
      tenant,
      action: "provisioning.read",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: { provider: name, people: rows.length },
    });
    const found = await openPeople(deps.profiles, tenant, rows);
    return { total: counted.rows[0]?.total ?? 0, found };
  });
}

/**
 * Returns a person of a provider.
 * @throws IdentityError user_not_found, provisioning_not_enabled; those of `by.authorise`; KeysError kms_...
 */
export async function readPerson(
  deps: ReadingDeps,
  by: KeyAdministrator,
  place: ProvisioningPlace,
  user: UserId,
): Promise<StoredPerson> {
  const query = { filter: `id eq ${JSON.stringify(user)}`, offset: 0, count: 1 };
  const [person] = (await listPeople(deps, by, place, query)).found;
  if (person === undefined) throw userNotFound();
  return person;
}

/** Returns the conditions in SQL, which follow `$1`. */
function conditionOf(
  { profiles, blindIndexKeys }: ReadingDeps,
  { tenant, issuer }: IdentityProvider,
  comparisons: readonly Comparison[],
): { readonly condition: string; readonly values: readonly unknown[] } {
  const parts = comparisons.map(({ attribute, value }): readonly [string, unknown] => {
    const text = String(value);
    switch (attribute) {
      case "username":
        return ["p.user_name_index = any(?::bytea[])", userNameIndexes(profiles, tenant, text)];
      case "externalid": {
        const person = { issuer, subject: text };
        return [
          "p.identity_index = any(?::bytea[])",
          identityIndexes(blindIndexKeys(), tenant, person),
        ];
      }
      case "active":
        return ["p.active = ?::boolean", value === true || text.toLowerCase() === "true"];
      default:
        return ["p.user_id = ?::uuid", isId<UserId>(text) ? text : null];
    }
  });
  return {
    condition: parts.map(([sql], at) => `and ${sql.replace("?", `$${at + 2}`)}`).join(" "),
    values: parts.map(([, value]) => value),
  };
}
