import { appendEntry } from "../../audit/append-entry.ts";
import type { HoldId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { ATTEND_WITHIN_MS } from "../../policies/holds.ts";

// The hold is released already, so it is not among those that the function finds.
const MOVE = `
  update deferred_erasures d set hold = other.id
  from (
    select w.erasure, w.subject, w.item, w.from_ms, (
      select min(h::text)::uuid from sealdesk.holds_on(w.subject, w.conversation, w.from_ms, w.until_ms) as h) as id
    from deferred_erasures w where w.hold = $1 and w.reopened_at_ms is null) other
  where d.erasure = other.erasure and d.subject = other.subject and d.item = other.item and d.from_ms = other.from_ms
    and other.id is not null`;
const REOPEN = `
  with reopened as (
    update deferred_erasures set reopened_at_ms = $2, due_at_ms = $3
    where hold = $1 and reopened_at_ms is null
    returning erasure, subject)
  select erasure, subject, count(*)::integer as items from reopened group by erasure, subject order by erasure`;

/** What is released. */
interface Released {
  readonly tenant: TenantId;
  readonly hold: HoldId;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Re-opens every erasure that a hold had deferred, in the transaction of the hold's release: each has an entry in the
 * audit log, and a date by which an officer must see to it. What another hold covers stays deferred by that one.
 * Nothing is deleted.
 * @returns the number of erasures
 */
export async function reopenDeferred(
  client: Client,
  { tenant, hold, nowMs }: Released,
): Promise<number> {
  await client.query(MOVE, [hold]);
  const dueAtMs = nowMs + ATTEND_WITHIN_MS;
  const { rows } = await client.query<{ erasure: Uuid; subject: UserId; items: number }>(REOPEN, [
    hold,
    nowMs,
    dueAtMs,
  ]);
  for (const { erasure, subject, items } of rows)
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "holds" },
      action: "hold.reopen_erasure",
      resource: { type: "erasure", id: erasure },
      subject,
      outcome: "success",
      details: { hold, items, dueAtMs },
    });
  return rows.length;
}
