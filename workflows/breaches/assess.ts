import { appendEntry } from "../../audit/append-entry.ts";
import { logOf, type TenantId, type UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { findEntries, type FoundPage } from "../../audit/search/find-entries.ts";
import {
  exposuresOf,
  type ExposedFacts,
  type Exposure,
  type Taken,
} from "../../policies/breach/exposure.ts";
import { programRoles } from "../../policies/roles.ts";
import type { Step } from "../cases/case-kind.ts";
import type { BreachDeps } from "./breach-deps.ts";
import { ofBreach, readBreach, readBreachState, SERVER } from "./breach-rows.ts";
import { wakeFor } from "./remind.ts";

/** Accounts that one step assesses. */
const BATCH = 2_000;

/** Entries of the audit log that one page has. */
const PAGE = 500;

/**
 * Finds out what is exposed about each person, from the keys and the times: 2,000 accounts in a step. A later assessment
 * replaces what an earlier one found.
 */
export const assess =
  (deps: BreachDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { id } = found;
    const { taken } = await readBreach(client, id);
    const accounts = await nextAccounts(client, id, devicesOf(taken));
    const last = accounts.at(-1);
    if (last !== undefined) {
      const keys = await readKeys(deps, tenant, accounts);
      const destructionsMs = await kekDestructions(client, deps, tenant);
      const assessed = accounts.map(({ subject, ...facts }) => ({
        subject,
        exposures: exposuresOf(taken, { ...facts, key: keys.get(subject) }, destructionsMs),
      }));
      await store(client, id, assessed);
      await client.query("update breaches set assessed_until = $2 where case_id = $1", [
        id,
        last.subject,
      ]);
    }
    if (accounts.length === BATCH) return { to: "assessing" };
    await client.query(
      "update breaches set assessed_at_ms = $2, assessed_until = null where case_id = $1",
      [id, nowMs],
    );
    const { verdict, clocks } = await readBreachState(client, id, nowMs);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: SERVER,
      action: "breach.assess",
      resource: ofBreach(id),
      outcome: "success",
      details: { accounts: verdict?.accounts ?? 0, isNoticeDue: verdict?.isNoticeDue ?? false },
    });
    return { to: "open", ...wakeFor(clocks, nowMs) };
  };

const devicesOf = (taken: readonly Taken[]) => taken.flatMap(({ device }) => device ?? []);

interface AccountRow extends Omit<ExposedFacts, "key"> {
  readonly subject: UserId;
}

// Somebody who left a conversation could read it until then, so every membership counts.
const ACCOUNTS = `
  with read as (
    select distinct other.user_id from devices d
    join members own on own.tenant = d.tenant and own.user_id = d.user_id
    join members other on other.tenant = own.tenant and other.conversation = own.conversation
    where d.id = any($2::uuid[]))
  select u.id as subject, u.created_at_ms as "createdAtMs", u.erased_at_ms as "erasedAtMs",
    u.id in (select user_id from read) as "isReadByTakenDevice"
  from users u join breaches b on b.case_id = $1
  where (b.assessed_until is null or u.id > b.assessed_until) and u.role <> all($3::text[])
  order by u.id limit ${BATCH}`;

/** Returns the next people. Programs are no people. */
async function nextAccounts(
  client: Client,
  id: string,
  devices: readonly string[],
): Promise<readonly AccountRow[]> {
  const { rows } = await client.query<AccountRow>(ACCOUNTS, [id, devices, programRoles]);
  return rows;
}

interface KeyRow {
  readonly subject: UserId;
  readonly createdAtMs: number;
  readonly destroyedAtMs: number | null;
}

async function readKeys(
  { keystore }: BreachDeps,
  tenant: TenantId,
  accounts: readonly AccountRow[],
): Promise<ReadonlyMap<UserId, KeyRow>> {
  const { rows } = await inTransaction(keystore.pool, tenant, (client) =>
    client.query<KeyRow>(
      `select subject, created_at_ms as "createdAtMs", destroyed_at_ms as "destroyedAtMs"
       from subject_keys where subject = any($1::uuid[])`,
      [accounts.map(({ subject }) => subject)],
    ),
  );
  return new Map(rows.map((row) => [row.subject, row]));
}

/** Returns when earlier versions of the tenant's key-encryption key were destroyed, as the audit log proves it. */
async function kekDestructions(
  client: Client,
  { heads }: BreachDeps,
  tenant: TenantId,
): Promise<readonly number[]> {
  const log = await heads.open(client, logOf(tenant));
  if (log === undefined) return [];
  const filter = { action: "keys.destroy_kek_versions", outcome: "success" } as const;
  const timesMs: number[] = [];
  for (let after: number | null = -1; after !== null;) {
    const page: FoundPage = await findEntries(client, log, filter, { after, limit: PAGE });
    for (const found of page.entries) if ("entry" in found) timesMs.push(found.entry.occurredAtMs);
    ({ after } = page);
  }
  return timesMs;
}

const STORE = `
  insert into breach_subjects (tenant, case_id, subject, exposures)
  select sealdesk.current_tenant(), $1, f.subject, string_to_array(f.exposures, ',')
  from unnest($2::uuid[], $3::text[]) as f (subject, exposures)
  on conflict (tenant, case_id, subject) do update set exposures = excluded.exposures`;

async function store(
  client: Client,
  id: string,
  assessed: readonly { readonly subject: UserId; readonly exposures: readonly Exposure[] }[],
): Promise<void> {
  const exposed = assessed.filter(({ exposures }) => exposures.length > 0);
  await client.query(STORE, [
    id,
    exposed.map(({ subject }) => subject),
    exposed.map(({ exposures }) => exposures.join(",")),
  ]);
}
