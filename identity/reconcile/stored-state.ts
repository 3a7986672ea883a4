import { z } from "zod";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Role } from "../../policies/actor.ts";
import { nameKeys } from "../accounts/customer-keys.ts";
import { readTenantLimits } from "../accounts/tenant-limits.ts";
import { readRecordedApiKeys } from "../administration/recorded-api-key.ts";
import { apiKeyLabel, keyLabel, limitWords, type SettingColumn } from "./setting-columns.ts";
import { readStoredSessions, type StoredSession } from "./recorded-sessions.ts";
import type { StoredRow } from "./row-places.ts";
import { readStoredRows } from "./stored-rows.ts";

/** A row of `sealdesk.users`, as far as the log speaks about it. */
export interface StoredAccount {
  readonly id: UserId;
  readonly role: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
}

/** The accounts of staff and the settings of a tenant in the database. */
export interface StoredState {
  /** The accounts of staff, and those that were asked for. */
  readonly accounts: ReadonlyMap<UserId, StoredAccount>;
  /** The words of each setting. Undefined if the tenant has no row. */
  readonly settings: ReadonlyMap<SettingColumn, readonly string[]> | undefined;
  /** What `RecordedRows` speaks about, by place. */
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly apiKeys: readonly StoredApiKey[];
  readonly sessions: readonly StoredSession[];
}

/** A row of `sealdesk.api_keys`. */
export interface StoredApiKey {
  readonly id: string;
  /** As `apiKeyLabel` returns it. */
  readonly label: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
}

interface TenantRow {
  readonly customerKeys: unknown;
  readonly customerJwksUrl: string | null;
  readonly revokedKids: readonly string[];
  readonly origins: readonly string[];
  readonly isSuspended: boolean;
  readonly allowsGrants: boolean;
  readonly allowsAnonymous: boolean;
  readonly secondFactorRoles: readonly string[];
  readonly requiredConsents: readonly string[];
  readonly idleMinutes: number | null;
  readonly purposeReads: readonly string[];
  readonly purposeCodes: readonly string[];
  readonly listsOperations: boolean;
  readonly revisionMinutes: number | null;
}

// There is an index of those who are not customers.
const ACCOUNTS = `
  select id, role, created_at_ms as "createdAtMs" from users where role <> $1
  union select id, role, created_at_ms from users where id = any($2::uuid[])`;
const CUSTOMER: Role = "customer";
const TENANT = `
  select customer_keys as "customerKeys", customer_jwks_url as "customerJwksUrl",
    revoked_customer_kids as "revokedKids", origins, suspended_at_ms is not null as "isSuspended",
    staff_history_grants as "allowsGrants", anonymous_customers as "allowsAnonymous",
    second_factor_roles as "secondFactorRoles",
    idle_log_off_minutes as "idleMinutes", purpose_reads as "purposeReads",
    purpose_codes as "purposeCodes", accounting_operations as "listsOperations", required_consents as "requiredConsents",
    revision_minutes as "revisionMinutes"
  from tenants where id = $1`;

/**
 * Reads what the log is compared with. The transaction must be fenced to the tenant.
 * @param asked accounts that are read even if they are customers'
 */
export async function readStoredState(
  client: Client,
  tenant: TenantId,
  asked: readonly UserId[],
): Promise<StoredState> {
  const accounts = await client.query<StoredAccount>(ACCOUNTS, [CUSTOMER, asked]);
  const { rows } = await client.query<TenantRow>(TENANT, [tenant]);
  const [row] = rows;
  const apiKeys = await readApiKeys(client);
  const limits = limitWords(await readTenantLimits(client, tenant));
  const labels = apiKeys.map(({ label }) => label).toSorted();
  return {
    accounts: new Map(accounts.rows.map((account) => [account.id, account])),
    settings:
      row && new Map([...(await settingsOf(row)), ["api_keys", labels], ["limits", limits]]),
    rows: await readStoredRows(client),
    apiKeys,
    sessions: await readStoredSessions(client),
  };
}

async function readApiKeys(client: Client): Promise<readonly StoredApiKey[]> {
  const { rows } = await client.query<{ id: string; createdAtMs: number }>(
    'select id, created_at_ms as "createdAtMs" from api_keys',
  );
  const createdAtMs = new Map(rows.map((row) => [row.id, row.createdAtMs]));
  return (await readRecordedApiKeys(client)).map((key) => ({
    id: key.id,
    label: apiKeyLabel(key),
    createdAtMs: createdAtMs.get(key.id) ?? Infinity,
  }));
}

async function settingsOf(row: TenantRow): Promise<[SettingColumn, readonly string[]][]> {
  return [
    ["customer_keys", (await keyLabels(row.customerKeys)).toSorted()],
    ["customer_jwks_url", row.customerJwksUrl === null ? [] : [row.customerJwksUrl]],
    ["revoked_customer_kids", row.revokedKids.toSorted()],
    ["origins", row.origins.toSorted()],
    ["suspended_at_ms", row.isSuspended ? ["suspended"] : []],
    ["staff_history_grants", row.allowsGrants ? ["allowed"] : []],
    ["idle_log_off_minutes", [String(row.idleMinutes ?? "never")]],
    ["purpose_reads", row.purposeReads.toSorted()],
    ["purpose_codes", row.purposeCodes.toSorted()],
    ["accounting_operations", row.listsOperations ? ["listed"] : []],
    ["required_consents", row.requiredConsents.toSorted()],
    ["revision_minutes", [String(row.revisionMinutes ?? "never")]],
    ["anonymous_customers", row.allowsAnonymous ? ["allowed"] : []],
    ["second_factor_roles", row.secondFactorRoles.toSorted()],
  ];
}

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Somebody may have written anything into the column. */
async function keyLabels(stored: unknown): Promise<readonly string[]> {
  const { data } = keySet.safeParse(stored);
  if (data === undefined) return ["something that is not a JWK Set"];
  try {
    return (await nameKeys(data)).map(keyLabel);
  } catch {
    return ["something that is not a JWK"];
  }
}
