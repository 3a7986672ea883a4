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

const INSERT = `
  insert into deferred_erasures (tenant, erasure, hold, subject, conversation, from_ms, until_ms, deferred_at_ms)
  select $1, $2, d.hold, $3, d.conversation, d.from_ms, d.until_ms, $8
  from unnest($4::uuid[], $5::uuid[], $6::int8[], $7::int8[]) as d (hold, conversation, from_ms, until_ms)
  on conflict (tenant, erasure, item, from_ms) do update
    set hold = excluded.hold, reopened_at_ms = null, due_at_ms = null, escalated_at_ms = null, attended_by = null,
      attended_at_ms = null`;

/**
 * Records what a hold keeps an erasure from destroying, in the transaction in which `heldAmong` said so. When the hold
 * is released, and no other one covers the item, it waits for an officer: see `waitingErasures`. A repeat changes nothing.
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
