import { hash } from "node:crypto";
import type pg from "pg";
import { equalBytes } from "../../../crypto/wire/bytes.ts";
import { transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import { eventKinds, type EventKind } from "../../../crypto/wire/frame.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { TenantId, DeviceId, ConversationId, MessageId } from "../../../crypto/wire/ids.ts";
import type { AtRest } from "../../testkit/at-rest.ts";
import type { LoggedConversation, LoggedMessage } from "./judge.ts";

const DEVICES = `
  select conversation, array_agg(device) as devices from sealdesk.member_devices
  where until_seq is null group by conversation order by conversation`;
const EVENTS = `
  select tenant, seq, kind, sender_device, epoch, key_id, client_message_id, received_at_ms, ciphertext,
    commitment, transcript_hash
  from sealdesk.events where conversation = $1 and kind > 0 order by seq`;

interface EventRow {
  readonly tenant: TenantId;
  readonly seq: string;
  readonly kind: number;
  readonly sender_device: DeviceId;
  readonly epoch: number;
  readonly key_id: Uuid;
  readonly client_message_id: MessageId;
  readonly received_at_ms: string;
  readonly ciphertext: Uint8Array;
  readonly commitment: Uint8Array;
  readonly transcript_hash: Uint8Array;
}

const kinds = new Map<number, EventKind>(
  Object.entries(eventKinds).map(([kind, number]) => [number, kind as EventKind]),
);

/** Returns all conversations as the database has them. Every transcript hash is recomputed. */
export async function readLog(
  administrator: pg.Client,
  atRest: AtRest,
): Promise<readonly LoggedConversation[]> {
  const conversations: LoggedConversation[] = [];
  const { rows } = await administrator.query<{ conversation: ConversationId; devices: DeviceId[] }>(
    DEVICES,
  );
  for (const { conversation, devices } of rows) {
    const events = await administrator.query<EventRow>(EVENTS, [conversation]);
    const opened: EventRow[] = [];
    for (const row of events.rows) opened.push(await unsealed(atRest, conversation, row));
    conversations.push({ id: conversation, devices, ...checked(conversation, opened) });
  }
  return conversations;
}

async function unsealed(
  atRest: AtRest,
  conversation: ConversationId,
  row: EventRow,
): Promise<EventRow> {
  if (row.kind !== eventKinds.message) return row;
  const { tenant, ciphertext: bytes } = row;
  const place = {
    tenant,
    conversation,
    seq: Number(row.seq),
    receivedAtMs: Number(row.received_at_ms),
  };
  return { ...row, ciphertext: await atRest.unseal({ ...place, bytes }) };
}

function checked(
  conversation: ConversationId,
  rows: readonly EventRow[],
): Pick<LoggedConversation, "messages" | "missing" | "misfits"> {
  const messages = new Map<number, LoggedMessage>();
  let [last, misfits, missing] = [0, 0, 0];
  let previous = zeroHash;
  for (const row of rows) {
    const [seq, kind] = [Number(row.seq), kinds.get(row.kind) ?? "message"];
    missing += seq - last - 1;
    const header = {
      conversation,
      seq,
      kind,
      senderDevice: row.sender_device,
      epoch: row.epoch,
      keyId: row.key_id,
      clientMessageId: row.client_message_id,
      receivedAtMs: Number(row.received_at_ms),
    };
    const computed = transcriptHash(sha256, previous, header, row.ciphertext, row.commitment);
    if (!equalBytes(computed, row.transcript_hash)) misfits++;
    if (kind === "message")
      messages.set(seq, { seq, id: row.client_message_id, sender: row.sender_device });
    previous = row.transcript_hash;
    last = seq;
  }
  return { messages, missing, misfits };
}

const sha256 = (input: Uint8Array): Uint8Array => hash("sha256", input, "buffer");
