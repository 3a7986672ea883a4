import type { ActionDetails, ActionOn } from "../../audit/actions.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { Secret } from "../../keys/secret.ts";
import { isOperatorScope, tenantActions } from "../../policies/operator-keys.ts";
import type { ApiKey } from "../administration/api-keys.ts";
import {
  assertKeyName,
  endOfKey,
  endOfOverlap,
  invalidKey,
  MAX_KEYS,
} from "../administration/key-terms.ts";
import { hashOfSecret, newKeyToken, textOf, type KeyToken } from "../administration/key-token.ts";
import { readRecordedOperatorKeys } from "./recorded-operator-key.ts";

/** Who changes the operator's keys, and when. */
interface KeyChange {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly by?: OperatorActor | undefined;
}

/**
 * Makes a key of the operator.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.days how long it is valid, from 1 to 366
 * @returns the token, which is stored nowhere
 * @throws IdentityError invalid_api_key
 */
export async function addOperatorKey(
  ownerUrl: string,
  change: KeyChange & {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly days: number;
  },
): Promise<Secret<string>> {
  const { name, days, nowMs } = change;
  assertKeyName(name);
  const scopes = parseScopes(change.scopes);
  const expiresAtMs = endOfKey(days, nowMs);
  const token = newKeyToken();
  await changeKeys(ownerUrl, "operator_key.add", change, async (client) => {
    await insertKey(client, { token, name, scopes, createdAtMs: nowMs, expiresAtMs });
    return { key: token.id, name };
  });
  return new Secret(textOf(token, "sdo"));
}

/**
 * Makes a new key with the name and the scopes of another one, which ends after an overlap.
 * @param change.overlapHours how long both are valid, from 0 to 720
 * @throws IdentityError invalid_api_key, also if there is no such key or it has ended
 */
export async function rotateOperatorKey(
  ownerUrl: string,
  change: KeyChange & {
    readonly id: string;
    readonly days: number;
    readonly overlapHours: number;
  },
): Promise<Secret<string>> {
  const { id, days, overlapHours, nowMs } = change;
  const formerEndsAtMs = endOfOverlap(overlapHours, nowMs);
  const expiresAtMs = endOfKey(days, nowMs);
  const token = newKeyToken();
  await changeKeys(ownerUrl, "operator_key.rotate", change, async (client) => {
    const { rows } = await client.query<{ name: string; scopes: readonly string[] }>(
      `update operator_keys set expires_at_ms = least(expires_at_ms, $3)
       where id = $1 and expires_at_ms > $2 returning name, scopes`,
      [id, nowMs, formerEndsAtMs],
    );
    const [former] = rows;
    if (former === undefined) throw noSuchKey(id);
    await insertKey(client, { token, ...former, createdAtMs: nowMs, expiresAtMs });
    return { key: token.id, replaces: id, name: former.name };
  });
  return new Secret(textOf(token, "sdo"));
}

/**
 * Ends a key: its next request is refused, and so is one that is being served.
 * @throws IdentityError invalid_api_key, if there is no such key
 */
export const removeOperatorKey = (
  ownerUrl: string,
  change: KeyChange & { readonly id: string },
): Promise<void> =>
  changeKeys(ownerUrl, "operator_key.remove", change, async (client) => {
    const { id } = change;
    const { rowCount } = await client.query("delete from operator_keys where id = $1", [id]);
    if (rowCount === 0) throw noSuchKey(id);
    return { key: id };
  });

/** Returns the operator's keys, the oldest first. */
export async function listOperatorKeys(pool: Pool): Promise<readonly ApiKey[]> {
  const { rows } = await pool.query<ApiKey>(
    `select id, name, scopes, created_at_ms as "createdAtMs", expires_at_ms as "expiresAtMs",
       last_used_day as "lastUsedDay"
     from operator_keys order by created_at_ms, id`,
  );
  return rows;
}

/** The change and its entry in the operator's log commit together. Changes wait for each other. */
async function changeKeys<A extends ActionOn<"operator_keys">>(
  ownerUrl: string,
  action: A,
  { nowMs, by = OPERATOR }: KeyChange,
  work: (client: Client) => Promise<ActionDetails[A]>,
): Promise<void> {
  await asOwner(ownerUrl, NO_TENANT, async (client) => {
    await client.query("lock table operator_keys in share row exclusive mode");
    const details = await work(client);
    const keys = await readRecordedOperatorKeys(client);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant: NO_TENANT,
      actor: by,
      action,
      resource: { type: "operator_keys", id: NO_TENANT },
      outcome: "success",
      details: { ...details, keys: keys.map((key) => ({ ...key, scopes: [...key.scopes] })) },
    });
  });
}

async function insertKey(
  client: Client,
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
    `insert into operator_keys (id, name, scopes, secret_hash, created_at_ms, expires_at_ms)
     values ($1, $2, $3, $4, $5, $6)`,
    [token.id, name, scopes, hashOfSecret(token), createdAtMs, expiresAtMs],
  );
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from operator_keys",
  );
  if ((rows[0]?.count ?? 0) > MAX_KEYS)
    throw invalidKey(`The operator has at most ${MAX_KEYS} keys. Remove those that have ended.`);
}

function parseScopes(given: readonly string[]): readonly string[] {
  const unknown = given.find((scope) => !isOperatorScope(scope));
  if (unknown !== undefined || given.length === 0)
    throw invalidKey(
      `${unknown === undefined ? "A key needs a scope." : `There is no scope ${JSON.stringify(unknown)}.`} The scopes are ${tenantActions.join(", ")}.`,
    );
  return tenantActions.filter((action) => given.includes(action));
}

const noSuchKey = (id: string) =>
  invalidKey(
    `The operator has no valid key ${JSON.stringify(id)}. \`sealdesk operator-key list\` shows them.`,
  );
