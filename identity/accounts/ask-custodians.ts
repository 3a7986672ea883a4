import { appendEntry } from "../../audit/append-entry.ts";
import type { HoldId, NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";

/** An account that a sign-in has just given to a person, or has just found out whose it is. */
export interface NamedAccount {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** See `subjectIndexes`. */
  readonly indexes: readonly Uint8Array[];
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

const HELD = `
  select distinct s.held_subject as former, h.id as hold, h.custodian
  from suppressions s
  join deferred_erasures d on d.tenant = s.tenant and d.subject = s.held_subject and d.reopened_at_ms is null
  join holds h on h.tenant = d.tenant and h.id = d.hold and h.released_at_ms is null
  where s.kind = 'customer' and s.hash = any($1) and s.expires_at_ms > $2 and s.held_subject <> $3
  order by h.id, s.held_subject`;

const ASK = `
  insert into potential_matches (tenant, id, hold, former, account, asked_at_ms)
  values ($1, $2, $3, $4, $5, $6) on conflict (tenant, hold, former, account) do nothing`;

/**
 * Asks the custodians of holds, and alerts officers, if the account may be that of an erased person whose data a hold
 * keeps. Nothing is linked before somebody answers. Call it in the transaction that names the account. A repeat asks
 * nothing.
 */
export async function askCustodians(
  client: Client,
  newId: NewId,
  { tenant, user, indexes, nowMs }: NamedAccount,
): Promise<void> {
  const { rows } = await client.query<{ former: UserId; hold: HoldId; custodian: UserId }>(HELD, [
    indexes,
    nowMs,
    user,
  ]);
  for (const { former, hold, custodian } of rows) {
    const id = newId<Uuid>();
    const { rowCount } = await client.query(ASK, [tenant, id, hold, former, user, nowMs]);
    if (rowCount === 0) continue;
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "sign-in" },
      action: "hold.ask_custodian",
      resource: { type: "hold", id: hold },
      subject: user,
      outcome: "success",
      details: { match: id, custodian },
    });
  }
}
