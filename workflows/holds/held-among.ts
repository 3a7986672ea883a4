import type { ConversationId, HoldId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { periodRange } from "../../crypto/wire/key-period.ts";
import type { Scope } from "../../keys/at-rest/scope.ts";
import { lockHolds } from "./lock-holds.ts";

/**
 * What can be destroyed by itself: an account with its profile, or what was received in a conversation from `fromMs` on
 * and before `untilMs`. Without times it is the whole conversation. Times are milliseconds since the Unix epoch.
 */
export type HoldableItem =
  | { readonly subject: UserId; readonly conversation?: undefined }
  | {
      /** The customer whom the conversation is about. */
      readonly subject: UserId;
      readonly conversation: ConversationId;
      readonly fromMs?: number;
      readonly untilMs?: number;
    };

/** A hold in force, as somebody may know it who must not know the matter. */
export interface Holding {
  readonly hold: HoldId;
  /** Proves the hold later, and tells nothing about it: see `commitToHold`. */
  readonly commitment: Uint8Array;
  /** The law or the order that demands it. */
  readonly citation: string;
  readonly custodian: UserId;
  readonly reviewAtMs: number;
}

/** The item that the key of a scope can open: messages and attachments of one author within 30 days. */
export const itemOfScope = ({ subject, conversation, period }: Scope): HoldableItem => ({
  subject,
  conversation,
  ...periodRange(period),
});

const HELD = `
  select asked.number, h.id as hold, h.commitment, h.citation, h.custodian, h.review_at_ms as "reviewAtMs"
  from unnest($1::int4[], $2::uuid[], $3::uuid[], $4::int8[], $5::int8[])
    as asked (number, subject, conversation, from_ms, until_ms)
  cross join lateral sealdesk.holds_on(asked.subject, asked.conversation, asked.from_ms, asked.until_ms) as held (id)
  join holds h on h.tenant = sealdesk.current_tenant() and h.id = held.id
  order by asked.number, h.id`;

/**
 * Returns the holds in force that cover each of `items`, in the same order. An empty list means that no hold covers
 * the item. No hold can be placed or released until the caller's transaction ends, so destroy before it ends what no
 * hold covers, and nothing else. It must be a transaction of `inTransaction`: a snapshot would not see the newest holds.
 */
export async function heldAmong(
  client: Client,
  tenant: TenantId,
  items: readonly HoldableItem[],
): Promise<readonly (readonly Holding[])[]> {
  await lockHolds(client, tenant, "to_destroy");
  const ranges = items.map((item) =>
    item.conversation === undefined ? {} : { fromMs: item.fromMs, untilMs: item.untilMs },
  );
  const { rows } = await client.query<Holding & { readonly number: number }>(HELD, [
    items.map((_, number) => number),
    items.map(({ subject }) => subject),
    items.map(({ conversation }) => conversation ?? null),
    ranges.map(({ fromMs = 0 }) => fromMs),
    ranges.map(({ untilMs = Number.MAX_SAFE_INTEGER }) => untilMs),
  ]);
  const held = items.map((): Holding[] => []);
  for (const { number, ...holding } of rows) held[number]?.push(holding);
  return held;
}
