import type { HoldId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { HoldableItem } from "./held-among.ts";

/** An erasure that a hold keeps from its end. */
export interface Deferral {
  /** The id of the erasure's case. */
  readonly erasure: Uuid;
  /** The person whose data it erases. */
  readonly subject: UserId;
  readonly items: readonly { readonly item: HoldableItem; readonly hold: HoldId }[];
}

// Two scopes can be one item, and several holds can cover it: one of them is enough. Only another hold than the one that
// was released defers again what was re-opened.
const INSERT = `
  insert into deferred_erasures as d
    (tenant, erasure, hold, subject, conversation, from_ms, until_ms, deferred_at_ms)
  select $1, $2, min(i.hold::text)::uuid, $3, i.conversation, i.from_ms, max(i.until_ms), $8
  from unnest($4::uuid[], $5::uuid[], $6::int8[], $7::int8[]) as i (hold, conversation, from_ms, until_ms)
  group by i.conversation, i.from_ms
  on conflict (tenant, erasure, subject, item, from_ms) do update
    set hold = excluded.hold, until_ms = greatest(d.until_ms, excluded.until_ms), reopened_at_ms = null,
      due_at_ms = null, escalated_at_ms = null, attended_by = null, attended_at_ms = null
    where d.until_ms < excluded.until_ms or (d.reopened_at_ms is not null and d.hold <> excluded.hold)`;

/**
 * Records what a hold keeps an erasure from destroying, in the transaction in which `heldAmong` said so. When the hold
 * is released, and no other one covers the item, it waits for an officer: see `waitingErasures`. Items of one conversation
 * that begin at the same time are one item, which ends with the last of them. A repeat changes nothing.
 */
export async function deferErasure(
  client: Client,
  tenant: TenantId,
  { erasure, subject, items }: Deferral,
  nowMs: number,
): Promise<void> {
  if (items.length === 0) return;
  const ranges = items.map(({ item }) => (item.conversation === undefined ? {} : item));
  await client.query(INSERT, [
    tenant,
    erasure,
    subject,
    items.map(({ hold }) => hold),
    items.map(({ item }) => item.conversation ?? null),
    ranges.map((range) => ("fromMs" in range ? (range.fromMs ?? 0) : 0)),
    ranges.map((range) =>
      "untilMs" in range ? (range.untilMs ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER,
    ),
    nowMs,
  ]);
}
