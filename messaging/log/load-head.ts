import type { Client } from "../../db/pool.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { SenderKeyFacts } from "../../policies/admission.ts";
import type { ConversationHead } from "./head.ts";

const HEAD = `
  select c.tenant, c.state, t.key_max_messages, t.key_max_age_ms,
    coalesce(epoch.epoch, 0) as epoch,
    coalesce(last.seq, 0) as seq, last.transcript_hash, coalesce(last.received_at_ms, 0) as received_at_ms,
    array(select device from member_devices where conversation = c.id and until_seq is null) as devices,
    array(select distinct device from member_devices where conversation = c.id and until_seq is not null) as former
  from conversations c
  join tenants t on t.id = c.tenant
  left join lateral (
    select max(epoch) as epoch from epochs where conversation = c.id) epoch on true
  left join lateral (
    select seq, transcript_hash, received_at_ms from events
    where conversation = c.id and kind > 0 order by seq desc limit 1) last on true
  where c.id = $1`;

const KEYS = `
  select k.key_id, k.device, k.epoch, k.started_at_ms,
    (select count(*) from events e
      where e.conversation = k.conversation and e.seq >= k.first_seq
        and e.received_at_ms >= k.started_at_ms and e.key_id = k.key_id and e.kind = 1) as messages
  from sender_keys k
  where k.conversation = $1 and ((k.epoch = $2 and k.started_at_ms > $3) or k.key_id = any($4::uuid[]))`;

/**
 * Reads a conversation's head inside the caller's transaction or fence.
 * @param keyIds keys to know of even when they are expired or of an earlier epoch.
 * @returns undefined when the tenant has no such conversation.
 */
export async function loadHead(
  client: Client,
  conversation: Uuid,
  now: number,
  keyIds: readonly Uuid[] = [],
): Promise<ConversationHead | undefined> {
  const [row] = (await client.query({ name: "head", text: HEAD, values: [conversation] })).rows;
  if (row === undefined) return undefined;
  const devices = new Set<Uuid>(row.devices);
  const keys = await client.query({
    name: "head-keys",
    text: KEYS,
    values: [conversation, row.epoch, now - row.key_max_age_ms, keyIds],
  });
  return {
    tenant: row.tenant,
    conversation,
    state: row.state,
    epoch: row.epoch,
    keyMaxMessages: row.key_max_messages,
    keyMaxAgeMs: row.key_max_age_ms,
    seq: row.seq,
    transcriptHash: row.transcript_hash ?? zeroHash,
    receivedAtMs: row.received_at_ms,
    devices,
    formerDevices: new Set<Uuid>(row.former.filter((device: Uuid) => !devices.has(device))),
    keys: new Map(
      keys.rows.map((key): [Uuid, SenderKeyFacts] => [
        key.key_id,
        {
          device: key.device,
          epoch: key.epoch,
          startedAtMs: key.started_at_ms,
          messages: key.messages,
        },
      ]),
    ),
    recent: [],
  };
}
