import pg from "pg";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { TenantId, ConversationId } from "../../../crypto/wire/ids.ts";

// The columns of one message. Bodies have the usual size, and are not read again. All messages of a
// conversation use one key of its creator. Hashes are invented, because they are not checked here.
const MESSAGES = `
  insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
    client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
    previous_hash)
  select c.tenant, c.id, n + 1, 1, c.creation_device, 1, c.id, gen_random_uuid(),
    c.created_at_ms, decode(repeat(md5(c.id::text || n), 19), 'hex'),
    h.hash, h.hash, h.hash, h.hash
  from sealdesk.conversations c
  cross join generate_series(1, $2::int) n
  cross join lateral (select sha256(convert_to(c.id::text || n, 'UTF8')) as hash) h
  where c.tenant = $1`;
const KEYS = `
  insert into sealdesk.sender_keys (tenant, conversation, key_id, device, epoch, first_seq, started_at_ms)
  select tenant, id, id, creation_device, 1, 2, created_at_ms from sealdesk.conversations
  where tenant = $1 returning conversation, key_id`;

/**
 * Stores `count` messages in each conversation of a newly created tenant, as if they had been sent.
 * @returns the sending key of each conversation's creator
 */
export async function seedHistory(
  ownerUrl: string,
  tenant: TenantId,
  count: number,
): Promise<ReadonlyMap<ConversationId, Uuid>> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query(MESSAGES, [tenant, count]);
  const { rows } = await owner.query<{ conversation: ConversationId; key_id: Uuid }>(KEYS, [
    tenant,
  ]);
  await owner.query("analyze");
  await owner.query("checkpoint");
  await owner.end();
  return new Map(rows.map((row) => [row.conversation, row.key_id]));
}
