import { canonicalJson, type CanonicalValue } from "../crypto/wire/canonical-json.ts";
import type { TenantId } from "../crypto/wire/ids.ts";
import { int8Array } from "../db/binary-arrays.ts";
import type { Client } from "../db/pool.ts";
import { afterCommit } from "../db/transaction.ts";
import { appendEntries, type EntryRecord } from "./append-entry.ts";
import { repeatedCountsOf, type RepeatedCount } from "./repeated-counts.ts";

/** The number of acts of a kind by an account that get an entry of their own in each period. */
export const FULL_ENTRIES = 10;

/** The beginning of the actor's id, if a program with a key acts. */
const PROGRAM = /^(api|operator)-key /;

type TenantEntry = Omit<EntryRecord, "tenant">;

/** Acts of one kind by one account: same action, outcome and code. */
interface Kind {
  readonly account: string;
  readonly entries: TenantEntry[];
}

/**
 * Returns the account of the actor, or the key of the program that acts. For a failed sign-in, returns the account that somebody
 * tried to use.
 */
const accountOf = ({ actor, subject }: TenantEntry): string =>
  actor.kind === "user" || PROGRAM.test(actor.id) ? actor.id : (subject ?? actor.id);

const keyOf = (account: string, { action, outcome, reason = "" }: TenantEntry): string =>
  [account, action, outcome, reason].join(" ");

// Sorted, so that two nodes cannot deadlock on the same rows.
const COUNT = `
  insert into audit.repeats as known (tenant, account, action, outcome, reason, class, actor_kind,
    actor_id, since_ms, seen, first_ms, last_ms)
  select $1, account, action, outcome, reason, class, actor_kind, actor_id, first_ms, seen, first_ms, last_ms
  from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::int8[], $10::int8[], $11::int8[])
    as new (account, action, outcome, reason, class, actor_kind, actor_id, seen, first_ms, last_ms)
  order by account, action, outcome, reason
  on conflict (tenant, account, action, outcome, reason) do update set
    seen = known.seen + excluded.seen,
    first_ms = case when known.seen < $12 then excluded.first_ms else known.first_ms end,
    last_ms = greatest(known.last_ms, excluded.last_ms)
  returning account, action, outcome, reason, since_ms as "sinceMs", seen`;

/**
 * Writes entries of acts that an account can repeat as often as it wants. The first `FULL_ENTRIES`
 * of a kind in an hour are written in full. Further ones are only counted, in the same transaction.
 * `writeSums` later writes one entry for all of them. Long details are shortened.
 */
export async function appendRepeatable(
  client: Client,
  tenant: TenantId,
  entries: readonly TenantEntry[],
): Promise<void> {
  const kinds = new Map<string, Kind>();
  for (const entry of entries) {
    const account = accountOf(entry);
    const key = keyOf(account, entry);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { account, entries: [entry] });
    else known.entries.push(entry);
  }
  const seen = await count(client, tenant, [...kinds.values()]);
  const full = [...kinds].flatMap(([key, { entries: all }]) => {
    const before = (seen.get(key) ?? all.length) - all.length;
    return all.slice(0, Math.max(0, FULL_ENTRIES - before));
  });
  if (full.length > 0) await appendEntries(client, tenant, full.map(briefly));
}

/** @returns how many acts of each kind there were in its period, including these */
async function count(
  client: Client,
  tenant: TenantId,
  kinds: readonly Kind[],
): Promise<ReadonlyMap<string, number>> {
  const firsts = kinds.flatMap(({ account, entries: [first] }) =>
    first === undefined ? [] : [{ ...first, account }],
  );
  const times = kinds.map(({ entries }) => entries.map(({ occurredAtMs }) => occurredAtMs));
  const { rows } = await client.query<RepeatedCount>(COUNT, [
    tenant,
    firsts.map(({ account }) => account),
    firsts.map(({ action }) => action),
    firsts.map(({ outcome }) => outcome),
    firsts.map(({ reason = "" }) => reason),
    firsts.map((entry) => entry.class),
    firsts.map(({ actor }) => actor.kind),
    firsts.map(({ actor }) => actor.id),
    int8Array(kinds.map(({ entries }) => entries.length)),
    int8Array(times.map((each) => Math.min(...each))),
    int8Array(times.map((each) => Math.max(...each))),
    FULL_ENTRIES,
  ]);
  const withoutEntry = rows.filter((row) => row.seen > FULL_ENTRIES);
  afterCommit(client, (pool) => repeatedCountsOf(pool)?.add(tenant, withoutEntry));
  return new Map(
    rows.map(({ account, action, outcome, reason, seen }) => [
      [account, action, outcome, reason].join(" "),
      seen,
    ]),
  );
}

const MAX_DETAILS = 512;
const MAX_LISTED = 8;

/**
 * Shortens the details of an entry that would be over 512 characters. Of a long list, only its
 * length stays. If that is not enough, no details stay. So a refused request cannot write its own
 * input into the log.
 */
function briefly<E extends Pick<EntryRecord, "details">>(entry: E): E {
  const { details } = entry;
  if (details === undefined || canonicalJson(details).length <= MAX_DETAILS) return entry;
  const short = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, lengthOfLong(value)]),
  );
  const isShort = canonicalJson(short).length <= MAX_DETAILS;
  return { ...entry, details: isShort ? short : { omitted: true } };
}

const lengthOfLong = (value: CanonicalValue | undefined): CanonicalValue | undefined =>
  Array.isArray(value) && value.length > MAX_LISTED ? { count: value.length } : value;
