import { appendEntry } from "../../audit/append-entry.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";

/** The end of a conversation's log. The hash covers every event up to `seq`. */
export interface TranscriptHead {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
}

/** The number of heads that fit one audit entry, whose limit is 65,535 bytes. */
export const HEADS_PER_ENTRY = 400;

// Another node may meanwhile have recorded a later head.
const RECORD = `
  insert into audited_heads as known (tenant, conversation, seq)
  select $1, * from unnest($2::uuid[], $3::int8[])
  on conflict (conversation) do update set seq = excluded.seq where known.seq < excluded.seq`;

/**
 * Records transcript hashes in the tenant's audit log, in one entry. From then on, the log reveals
 * every change of these conversations up to those hashes. It records at most `HEADS_PER_ENTRY`.
 */
export async function recordHeads(
  { pool, now }: { readonly pool: Pool; readonly now: () => number },
  tenant: TenantId,
  heads: readonly TranscriptHead[],
): Promise<void> {
  await inTransaction(pool, tenant, async (client) => {
    await client.query(RECORD, [
      tenant,
      uuidArray(heads.map(({ conversation }) => conversation)),
      int8Array(heads.map(({ seq }) => seq)),
    ]);
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      actor: { kind: "system", id: "relay" },
      action: "transcript.record",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: {
        heads: heads.map(({ conversation, seq, transcriptHash }) => [
          conversation,
          seq,
          toHex(transcriptHash),
        ]),
      },
    });
  });
}

const UNRECORDED = `
  select c.id as conversation, head.seq, head.transcript_hash as "transcriptHash"
  from conversations c
  left join audited_heads a on a.conversation = c.id
  cross join lateral (
    select seq, transcript_hash from events
    where conversation = c.id and kind > 0 order by seq desc limit 1) head
  where head.seq > coalesce(a.seq, 0) limit $1`;

/** Conversations whose last event is in no audit entry, for example after a crash. */
export async function findUnrecorded(
  pool: Pool,
  tenant: TenantId,
): Promise<readonly TranscriptHead[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<TranscriptHead>(UNRECORDED, [HEADS_PER_ENTRY]),
  );
  return rows;
}
