import type { CaseId, ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { WorkflowError } from "../workflow-error.ts";
import type {
  AnsweredStore,
  ErasedItem,
  NotifiedConsumer,
  NotifiedDevice,
  RestrictedItem,
} from "../../audit/verify/certificate/certificate.ts";

/** An erasure as it is stored. Times are milliseconds since the Unix epoch. */
export interface Erasure {
  readonly id: CaseId;
  readonly subject: UserId;
  readonly law: string;
  /** The earliest receipt of the request, if one began it. */
  readonly receivedAtMs: number;
  readonly windowMs: number;
  readonly fencedAtMs: number | null;
  readonly conversations: readonly ConversationId[];
  /** The driver leaves 64-bit integers in arrays as text. */
  readonly seqs: readonly string[];
  /** The last one: it has the answers that devices have given by now. */
  readonly certificate: Uint8Array | null;
  /** The request that began it; null if an officer began it without one. */
  readonly request: CaseId | null;
}

const SELECT = `
  select e.case_id as id, e.subject, e.law, least(e.received_at_ms, r.received_at_ms) as "receivedAtMs",
    e.window_ms as "windowMs", e.fenced_at_ms as "fencedAtMs", e.fenced_conversations as conversations,
    e.fenced_seqs as seqs, coalesce(s.certificate, e.certificate) as certificate, e.request
  from erasures e left join requests r on r.tenant = e.tenant and r.id = e.request
  left join erasure_supplements s on s.tenant = e.tenant and s.case_id = e.case_id`;

/** @throws WorkflowError case_not_found */
export async function readErasure(client: Client, id: CaseId): Promise<Erasure> {
  const { rows } = await client.query<Erasure>(`${SELECT} where e.case_id = $1`, [id]);
  const [row] = rows;
  if (row === undefined)
    throw new WorkflowError(
      "case_not_found",
      "There is no such erasure. Check the id of the case.",
    );
  return row;
}

/**
 * Returns the bytes of the certificate's file.
 * @throws WorkflowError case_not_found, certificate_not_found
 */
export async function certificateOf(client: Client, id: CaseId): Promise<Uint8Array> {
  const { certificate } = await readErasure(client, id);
  if (certificate === null)
    throw new WorkflowError(
      "certificate_not_found",
      "The erasure is not certified yet. Look at what the case waits for.",
    );
  return certificate;
}

/** What became of one item, in one period of its keys if it has any. */
export type ItemRow = {
  readonly kind: ErasedItem["kind"];
  readonly item: Uuid;
  readonly period: number;
  readonly records: number;
  readonly keys: number;
  readonly atMs: number;
} & (
  | { readonly outcome: "erased"; readonly entry: number }
  | {
      readonly outcome: "restricted";
      readonly citation: RestrictedItem["citation"];
      readonly reviewAtMs: number;
      /** Of the hold that keeps it; null if a retention lock does. */
      readonly commitment: Uint8Array | null;
    }
);

const RECORD = `
  insert into erasure_items as known (tenant, case_id, kind, item, period, outcome, records, keys, at_ms, entry,
    citation, review_at_ms, commitment)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  on conflict (tenant, case_id, kind, item, period) do update set outcome = excluded.outcome,
    records = excluded.records, keys = excluded.keys, at_ms = excluded.at_ms, entry = excluded.entry,
    citation = excluded.citation, review_at_ms = excluded.review_at_ms, commitment = excluded.commitment
  where known.outcome = 'restricted'`;

/** Records what became of items. What was erased stays recorded as it is. */
export async function recordItems(
  client: Client,
  tenant: TenantId,
  id: CaseId,
  items: readonly ItemRow[],
): Promise<void> {
  for (const item of items) {
    const { kind, period, outcome, records, keys, atMs } = item;
    const kept = outcome === "restricted" ? item : undefined;
    await client.query(RECORD, [
      tenant,
      id,
      kind,
      item.item,
      period,
      outcome,
      records,
      keys,
      atMs,
      outcome === "erased" ? item.entry : null,
      kept?.citation ?? null,
      kept?.reviewAtMs ?? null,
      kept?.commitment ?? null,
    ]);
  }
}

/** Returns what became of the items: as one, all periods of a conversation that were erased, or are kept for one reason. */
export async function readItems(client: Client, id: CaseId): Promise<readonly ItemRow[]> {
  const { rows } = await client.query<ItemRow>(
    `select kind, item, max(period) as period, outcome, sum(records)::int8 as records, sum(keys)::int4 as keys,
       max(at_ms) as "atMs", max(entry) as entry, citation, review_at_ms as "reviewAtMs",
       commitment
     from erasure_items where case_id = $1
     group by kind, item, outcome, citation, review_at_ms, commitment
     order by outcome, kind, item, citation, review_at_ms, commitment`,
    [id],
  );
  return rows;
}

/** Records that a store has removed everything, and after how many attempts of the step. */
export async function recordStore(
  client: Client,
  tenant: TenantId,
  { id, step }: { readonly id: CaseId; readonly step: number },
  store: AnsweredStore["store"],
  atMs: number,
): Promise<void> {
  await client.query(
    `insert into erasure_stores (tenant, case_id, store, at_ms, attempts)
     select $1, $2, $3, $4, coalesce((select attempts from case_steps where case_id = $2 and step = $5), 1)
     on conflict do nothing`,
    [tenant, id, store, atMs, step],
  );
}

/** Returns the devices that were told to remove their copies, and when each confirmed it. */
export async function readNotified(client: Client, id: CaseId): Promise<readonly NotifiedDevice[]> {
  const { rows } = await client.query<NotifiedDevice>(
    `select n.device, d.user_id as user, n.notified_at_ms as "notifiedAtMs",
       n.acknowledged_at_ms as "acknowledgedAtMs"
     from erasure_notices n join devices d on d.id = n.device where n.case_id = $1 order by n.device`,
    [id],
  );
  return rows;
}

/** Returns the consumers that were told of an erasure, when each took the event, and after how many attempts. */
export async function readToldConsumers(
  client: Client,
  id: CaseId,
): Promise<readonly NotifiedConsumer[]> {
  const { rows } = await client.query<NotifiedConsumer>(
    `select consumer, notified_at_ms as "notifiedAtMs", acknowledged_at_ms as "acknowledgedAtMs", attempts
     from erasure_events where case_id = $1 order by consumer`,
    [id],
  );
  return rows;
}
