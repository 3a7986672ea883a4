import type pg from "pg";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { UserId, ConversationId } from "../../../crypto/wire/ids.ts";

/** A message as the database holds it. */
export interface EventRow {
  readonly seq: number;
  readonly epoch: number;
  readonly key_id: Uuid;
  readonly ciphertext: Uint8Array;
}

/** Returns the conversation's messages in order. */
export async function messageRows(
  administrator: pg.Client,
  conversation: ConversationId,
): Promise<readonly EventRow[]> {
  const { rows } = await administrator.query<EventRow>(
    `select seq::int, epoch, key_id, ciphertext from sealdesk.events
     where conversation = $1 and kind = 1 order by seq`,
    [conversation],
  );
  return rows;
}

interface MemberRow {
  readonly user_id: UserId;
  readonly role: string;
  /** The number of messages: a 64-bit integer, as text. */
  readonly sent: string;
}

interface SpanRow {
  /** 64-bit integers, as text. */
  readonly messages: string;
  readonly ms: string | null;
  readonly sizes: string | null;
}

/** Everything about a conversation that a database administrator could read and understand. */
export async function readableByAdministrator(
  administrator: pg.Client,
  conversation: ConversationId,
): Promise<readonly string[]> {
  const { rows: members } = await administrator.query<MemberRow>(
    `select m.user_id, m.role,
       (select count(*) from sealdesk.events e join sealdesk.devices d on d.id = e.sender_device
        where e.conversation = m.conversation and e.kind = 1 and d.user_id = m.user_id) as sent
     from sealdesk.members m
     where m.conversation = $1 order by m.role desc`,
    [conversation],
  );
  const { rows: spans } = await administrator.query<SpanRow>(
    `select count(*) as messages, max(received_at_ms) - min(received_at_ms) as ms,
       string_agg(distinct length(ciphertext)::text, ', ') as sizes
     from sealdesk.events where conversation = $1 and kind = 1`,
    [conversation],
  );
  const [span] = spans;
  return [
    ...members.map(
      (member) =>
        `${member.role} ${member.user_id}: no name, no address; sent ${member.sent} messages`,
    ),
    `${span?.messages} messages within ${span?.ms} ms, padded to ${span?.sizes} bytes`,
    "each message's time, sender's device, epoch and key id; public keys of every device",
  ];
}
