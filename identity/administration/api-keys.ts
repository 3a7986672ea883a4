import type { OperatorActor } from "../../audit/operator.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { Secret } from "../../keys/secret.ts";
import { administrationActions, isScope, scopeOf } from "../../policies/administration.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { assertKeyName, endOfKey, endOfOverlap, invalidKey, MAX_KEYS } from "./key-terms.ts";
import { hashOfSecret, newKeyToken, textOf, type KeyToken } from "./key-token.ts";
import { readRecordedApiKeys } from "./recorded-api-key.ts";

/** The scopes as an operator writes them. */
export const scopeNames = administrationActions.map((action) => scopeOf({ action }));

/** An API key as operators see it. Times are milliseconds since the Unix epoch. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Days since 1970, UTC. Null if the key was never used. */
  readonly lastUsedDay: number | null;
}

/** An operator's change of a tenant's API keys. */
interface KeyChange {
  readonly slug: string;
  readonly nowMs: number;
  readonly by?: OperatorActor | undefined;
}

const COLUMNS = `id, name, scopes, created_at_ms as "createdAtMs", expires_at_ms as "expiresAtMs",
  last_used_day as "lastUsedDay"`;

/**
 * Makes an API key.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.days how long it is valid, from 1 to 366
 * @returns the token, which is stored nowhere
 * @throws IdentityError tenant_not_found, invalid_api_key
 */
export async function addApiKey(
  ownerUrl: string,
  change: KeyChange & {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly days: number;
  },
): Promise<Secret<string>> {
  const { slug, name, days, nowMs, by } = change;
  assertKeyName(name);
  const scopes = parseScopes(change.scopes);
  const expiresAtMs = endOfKey(days, nowMs);
  const token = newKeyToken();
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.add_api_key", nowMs, by },
    async (client, { id: tenant }) => {
      await insertKey(client, tenant, { token, name, scopes, createdAtMs: nowMs, expiresAtMs });
      return { key: token.id, name, apiKeys: await allKeys(client) };
    },
  );
  return new Secret(textOf(token, "sdk"));
}

/**
 * Makes a new key with the name and the scopes of another one, which ends after an overlap.
 * @param change.overlapHours how long both are valid, from 0 to 720
 * @throws IdentityError tenant_not_found; invalid_api_key, also if there is no such key or it has ended
 */
export async function rotateApiKey(
  ownerUrl: string,
  change: KeyChange & {
    readonly id: string;
    readonly days: number;
    readonly overlapHours: number;
  },
): Promise<Secret<string>> {
  const { slug, id, days, overlapHours, nowMs, by } = change;
  const formerEndsAtMs = endOfOverlap(overlapHours, nowMs);
  const expiresAtMs = endOfKey(days, nowMs);
  const token = newKeyToken();
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.rotate_api_key", nowMs, by },
    async (client, { id: tenant }) => {
      const { rows } = await client.query<{ name: string; scopes: readonly string[] }>(
        `update api_keys set expires_at_ms = least(expires_at_ms, $3)
         where id = $1 and expires_at_ms > $2 returning name, scopes`,
        [id, nowMs, formerEndsAtMs],
      );
      const [former] = rows;
      if (former === undefined) throw noSuchKey(id);
      await insertKey(client, tenant, { token, ...former, createdAtMs: nowMs, expiresAtMs });
      return { key: token.id, replaces: id, name: former.name, apiKeys: await allKeys(client) };
    },
  );
  return new Secret(textOf(token, "sdk"));
}

/**
 * Ends a key: its next request is refused, and so is one that is being served.
 * @throws IdentityError tenant_not_found; invalid_api_key, if there is no such key
 */
export async function removeApiKey(
  ownerUrl: string,
  { slug, id, nowMs, by }: KeyChange & { readonly id: string },
): Promise<void> {
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.remove_api_key", nowMs, by },
    async (client) => {
      const { rowCount } = await client.query("delete from api_keys where id = $1", [id]);
      if (rowCount === 0) throw noSuchKey(id);
      return { key: id, apiKeys: await allKeys(client) };
    },
  );
}

/** Returns the keys of a tenant, the oldest first. */
export async function listApiKeys(pool: Pool, tenant: TenantId): Promise<readonly ApiKey[]> {
  return inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<ApiKey>(
      `select ${COLUMNS} from api_keys order by created_at_ms, id`,
    );
    return rows;
  });
}

/** Returns the keys that the tenant has after a change, for its audit entry. */
const allKeys = async (client: Client) =>
  (await readRecordedApiKeys(client)).map((key) => ({ ...key, scopes: [...key.scopes] }));

async function insertKey(
  client: Client,
  tenant: TenantId,
  key: {
    readonly token: KeyToken;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
  },
): Promise<void> {
  const { token, name, scopes, createdAtMs, expiresAtMs } = key;
  await client.query(
    `insert into api_keys (tenant, id, name, scopes, secret_hash, created_at_ms, expires_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenant, token.id, name, scopes, hashOfSecret(token), createdAtMs, expiresAtMs],
  );
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from api_keys",
  );
  if ((rows[0]?.count ?? 0) > MAX_KEYS)
    throw invalidKey(`A tenant has at most ${MAX_KEYS} API keys. Remove those that have ended.`);
}

function parseScopes(given: readonly string[]): readonly string[] {
  const unknown = given.find((scope) => !isScope(scope));
  if (unknown !== undefined || given.length === 0)
    throw invalidKey(
      `${unknown === undefined ? "A key needs a scope." : `There is no scope ${JSON.stringify(unknown)}.`} The scopes are ${scopeNames.join(", ")}. NAME is that of an identity provider.`,
    );
  const place = (scope: string) =>
    administrationActions.findIndex((action) => action === scope.replace(/:.*/, ""));
  return [...new Set(given)].toSorted((one, other) => place(one) - place(other));
}

const noSuchKey = (id: string) =>
  invalidKey(
    `The tenant has no valid key ${JSON.stringify(id)}. \`sealdesk api-key list\` shows them.`,
  );
