import { uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { nilId, type ConversationId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";

/** The last event of a conversation that was accepted. */
export interface FencedConversation {
  readonly conversation: ConversationId;
  readonly seq: number;
}

const LAST = `
  select c.id as conversation, last.seq, last.received_at_ms as "receivedAtMs"
  from conversations c
  cross join lateral (
    select seq, received_at_ms from events e
    where e.conversation = c.id and e.kind > 0 order by seq desc limit 1) as last
  where c.tenant = $1 and (c.created_by = $2 or c.id = any($3::uuid[]))
  order by c.id`;

// A row of kind 0 is never delivered. It takes the next number, in the month of the last event and in this one.
const FENCE = `
  insert into events (tenant, conversation, seq, kind, sender_device, epoch, key_id, client_message_id,
    received_at_ms, ciphertext, commitment, franking_tag, transcript_hash, previous_hash)
  select $1::uuid, conversation, seq, 0, $5::uuid, 0, $5::uuid, $5::uuid, at_ms, ''::bytea,
    $6::bytea, $6::bytea, $6::bytea, $6::bytea
  from unnest($2::uuid[], $3::int8[], $4::int8[]) as f (conversation, seq, at_ms)
  on conflict do nothing`;

const STANDS = `
  select count(*)::int as count from unnest($1::uuid[], $2::int8[]) as f (conversation, seq)
  where exists (select from events e where e.conversation = f.conversation and e.seq = f.seq and e.kind = 0)
    and not exists (select from events e where e.conversation = f.conversation and e.seq >= f.seq and e.kind > 0)`;

/** All conversations that a person began, or these. */
export type Fenced =
  | { readonly subject: UserId; readonly conversations?: undefined }
  | { readonly subject?: undefined; readonly conversations: readonly ConversationId[] };

/**
 * Refuses everything more in conversations, in the transaction that marks the account as fenced, or the conversations as
 * restricted. The next number of each log is taken, so a node that would have stored an event there finds out that its
 * copy of the head is behind, reads it again, and refuses with `subject_erased` or `processing_restricted`. What was stored
 * before is exactly what precedes the fence.
 * @param nowMs milliseconds since the Unix epoch
 * @returns the last event of each conversation
 */
export async function fenceConversations(
  client: Client,
  tenant: TenantId,
  { subject, conversations: named = [] }: Fenced,
  nowMs: number,
): Promise<readonly FencedConversation[]> {
  for (;;) {
    const { rows } = await client.query<FencedConversation & { readonly receivedAtMs: number }>(
      LAST,
      [tenant, subject ?? null, uuidArray(named)],
    );
    const conversations = uuidArray(rows.map(({ conversation }) => conversation));
    const next = rows.map(({ seq }) => seq + 1);
    for (const times of [rows.map(() => nowMs), rows.map(({ receivedAtMs }) => receivedAtMs)])
      await client.query(FENCE, [tenant, conversations, next, times, nilId(), zeroHash]);
    const found = await client.query<{ count: number }>(STANDS, [conversations, next]);
    if (found.rows[0]?.count === rows.length)
      return rows.map(({ conversation, seq }) => ({ conversation, seq }));
  }
}
