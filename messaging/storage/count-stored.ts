import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { dayOf, type StoredMessages } from "../../policies/message-quota.ts";

/** An event to be counted: its author and its size in bytes. */
export interface StoredEvent {
  readonly account: UserId;
  readonly receivedAtMs: number;
  readonly bytes: number;
}

/**
 * The amounts that one statement adds to the counts of `storage_usage`, one element for each count.
 */
export interface CountChanges {
  readonly kinds: readonly ("messages" | "messages_of_account")[];
  readonly owners: readonly (TenantId | UserId)[];
  readonly days: readonly number[];
  readonly items: readonly number[];
  readonly bytes: readonly number[];
}

interface Change extends StoredMessages {
  readonly kind: CountChanges["kinds"][number];
  readonly owner: TenantId | UserId;
  readonly day: number;
}

/**
 * Sums what the events of one tenant add to its count and to those of the accounts. The counts are
 * sorted, so that two statements change them in the same order and cannot deadlock.
 */
export function countStored(tenant: TenantId, events: readonly StoredEvent[]): CountChanges {
  const accounts = new Map<string, { owner: UserId; day: number; items: number; bytes: number }>();
  let total = 0;
  for (const { account, receivedAtMs, bytes } of events) {
    const day = dayOf(receivedAtMs);
    const key = `${account} ${day}`;
    const known = accounts.get(key);
    if (known === undefined) accounts.set(key, { owner: account, day, items: 1, bytes });
    else {
      known.items++;
      known.bytes += bytes;
    }
    total += bytes;
  }
  const changes: Change[] = [...accounts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, change]) => ({ ...change, kind: "messages_of_account" }));
  changes.unshift({ kind: "messages", owner: tenant, day: 0, items: events.length, bytes: total });
  return {
    kinds: changes.map(({ kind }) => kind),
    owners: changes.map(({ owner }) => owner),
    days: changes.map(({ day }) => day),
    items: changes.map(({ items }) => items),
    bytes: changes.map(({ bytes }) => bytes),
  };
}
