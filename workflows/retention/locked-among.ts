import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { HoldableItem } from "../holds/held-among.ts";

/** A lock that preserves an item. */
export interface Locking {
  readonly lock: Uuid;
  /** The law that demands it. */
  readonly citation: string;
  /** Until when it preserves the whole item, in milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

const LOCKED = `
  select asked.number, o.lock, l.citation, o.until_ms as "untilMs"
  from unnest($1::int4[], $2::uuid[], $3::int8[], $4::int8[]) as asked (number, conversation, from_ms, until_ms)
  cross join lateral sealdesk.locks_on(asked.conversation, asked.from_ms, asked.until_ms) o
  join retention_locks l on l.tenant = sealdesk.current_tenant() and l.id = o.lock
  order by asked.number, o.until_ms desc`;

/**
 * Returns the retention locks in force that preserve each of `items`, in the same order, the longest first. Locks are
 * about what was received in conversations, so none preserves an account.
 */
export async function lockedAmong(
  client: Client,
  items: readonly HoldableItem[],
): Promise<readonly (readonly Locking[])[]> {
  const asked = items.flatMap((item, number) =>
    item.conversation === undefined ? [] : [{ ...item, number }],
  );
  const { rows } = await client.query<Locking & { readonly number: number }>(LOCKED, [
    asked.map(({ number }) => number),
    asked.map(({ conversation }) => conversation),
    asked.map(({ fromMs = 0 }) => fromMs),
    asked.map(({ untilMs = Number.MAX_SAFE_INTEGER }) => untilMs),
  ]);
  const locked = items.map((): Locking[] => []);
  for (const { number, ...locking } of rows) locked[number]?.push(locking);
  return locked;
}
