import type { Client } from "../../db/pool.ts";
import { byteaArray, int2Array, int4Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import { eventKinds } from "../../crypto/wire/frame.ts";
import { nilUuid, zeroHash } from "../../crypto/wire/event.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type ConversationId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import { countStored } from "../storage/count-stored.ts";
import type { LoggedEvent } from "./event.ts";
import { sealedCiphertext, sealedPacket } from "./stored-form.ts";

/**
 * Marks, in the partition of the previous event, that a conversation continued in a later month.
 */
export interface MonthMarker {
  readonly conversation: ConversationId;
  readonly seq: number;
  /** The time when the previous event was received. It places the marker in its partition. */
  readonly receivedAtMs: number;
}

export interface EventBatch {
  readonly tenant: TenantId;
  /**
   * The version of the policy by which the events were decided. Undefined if the transaction has checked
   * that it is in force.
   */
  readonly policyVersion?: number | undefined;
  readonly events: readonly LoggedEvent[];
  /** The key that seals each message and its packets, in the order of `events`. Other events without packets have none. */
  readonly keys: readonly (SealingKey | undefined)[];
  /** The account that each event is counted for, in the order of `events`. */
  readonly accounts: readonly UserId[];
  /** The events of the batch that are the first under their key. */
  readonly firstUses: readonly LoggedEvent[];
  readonly markers: readonly MonthMarker[];
}

// One statement, so one round trip and one transaction. It has no joins, so its plan does not
// depend on how full this month's partition was when it was prepared. Each connection adds to a slot
// of its own in most cases, so that two batches of one tenant or account do not wait for each other.
const INSERT = `
  with packet_rows as (
    insert into packets (tenant, conversation, seq, device, received_at_ms, bytes)
    select $1, * from unnest($15::uuid[], $16::int8[], $17::uuid[], $18::int8[], $19::bytea[])
  ), key_rows as (
    insert into sender_keys (tenant, conversation, key_id, device, epoch, first_seq, started_at_ms)
    select $1, * from unnest($20::uuid[], $21::uuid[], $22::uuid[], $23::int4[], $24::int8[], $14::int8[])
  ), counts as (
    insert into storage_usage as known (tenant, slot, kind, owner, day, items, bytes)
    select $1, pg_backend_pid() % 16, * from unnest($25::text[], $26::uuid[], $27::int4[], $28::int8[], $29::int8[])
    on conflict (tenant, kind, owner, day, slot) do update
      set items = known.items + excluded.items, bytes = known.bytes + excluded.bytes
  )
  insert into events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
    client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
    previous_hash)
  select $1::uuid, * from unnest($2::uuid[], $3::int8[], $4::int2[], $5::uuid[], $6::int4[], $7::uuid[],
    $8::uuid[], $9::int8[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $30::bytea[])
  where $31::int4 is null
    or (sealdesk.assert_policy_version($31::int4) and sealdesk.assert_may_write($32::uuid[], $5::uuid[]))`;

/**
 * Stores a batch, all or nothing. Inside a transaction it is part of the transaction. Otherwise it
 * is a transaction of its own.
 * @throws a PostgreSQL unique_violation if a seq or a message id is taken; POLICY_CHANGED if another version
 *   of the policy is in force, or a sender may not write by now
 */
export async function insertEvents(client: Client, batch: EventBatch): Promise<void> {
  const rows = [...batch.events, ...batch.markers.map((marker) => markerRow(batch.tenant, marker))];
  const packets = batch.events.flatMap((event, index) =>
    event.packets.map((packet) => ({ event, packet, key: batch.keys[index] })),
  );
  const ciphertexts = batch.events.map((event, index) =>
    sealedCiphertext(event, batch.keys[index]),
  );
  const sealedPackets = packets.map(({ event, packet, key }) => sealedPacket(event, packet, key));
  const bytesOf = new Map(
    batch.events.map((event, index) => [event, ciphertexts[index]?.length ?? 0]),
  );
  for (const [index, { event }] of packets.entries())
    bytesOf.set(event, (bytesOf.get(event) ?? 0) + (sealedPackets[index]?.length ?? 0));
  const counts = countStored(
    batch.tenant,
    batch.events.map((event, index) => ({
      account: batch.accounts[index] ?? nilId(),
      receivedAtMs: event.receivedAtMs,
      bytes: bytesOf.get(event) ?? 0,
    })),
  );
  await client.query({
    name: "insert-events",
    text: INSERT,
    values: [
      batch.tenant,
      uuidArray(rows.map((row) => row.conversation)),
      int8Array(rows.map((row) => row.seq)),
      int2Array([
        ...batch.events.map((event) => eventKinds[event.kind]),
        ...batch.markers.map(() => MARKER),
      ]),
      uuidArray(rows.map((row) => row.senderDevice)),
      int4Array(rows.map((row) => row.epoch)),
      uuidArray(rows.map((row) => row.keyId)),
      uuidArray(rows.map((row) => row.clientMessageId)),
      int8Array(rows.map((row) => row.receivedAtMs)),
      byteaArray([...ciphertexts, ...batch.markers.map(() => empty)]),
      byteaArray(rows.map((row) => row.commitment)),
      byteaArray(rows.map((row) => row.frankingTag)),
      byteaArray(rows.map((row) => row.transcriptHash)),
      int8Array(batch.firstUses.map((event) => event.receivedAtMs)),
      uuidArray(packets.map(({ event }) => event.conversation)),
      int8Array(packets.map(({ event }) => event.seq)),
      uuidArray(packets.map(({ packet }) => packet.device)),
      int8Array(packets.map(({ event }) => event.receivedAtMs)),
      byteaArray(sealedPackets),
      uuidArray(batch.firstUses.map((event) => event.conversation)),
      uuidArray(batch.firstUses.map((event) => event.keyId)),
      uuidArray(batch.firstUses.map((event) => event.senderDevice)),
      int4Array(batch.firstUses.map((event) => event.epoch)),
      int8Array(batch.firstUses.map((event) => event.seq)),
      counts.kinds,
      uuidArray(counts.owners),
      int4Array(counts.days),
      int8Array(counts.items),
      int8Array(counts.bytes),
      byteaArray(rows.map((row) => row.previousHash)),
      batch.policyVersion ?? null,
      uuidArray([...new Set(batch.accounts)]),
    ],
  });
}

const MARKER = 0;
const empty = new Uint8Array(0);

function markerRow(tenant: TenantId, marker: MonthMarker): Omit<LoggedEvent, "kind"> {
  return {
    tenant,
    conversation: marker.conversation,
    seq: marker.seq,
    senderDevice: nilId(),
    epoch: 0,
    keyId: nilUuid,
    clientMessageId: nilId<MessageId>(),
    receivedAtMs: marker.receivedAtMs,
    ciphertext: empty,
    commitment: zeroHash,
    frankingTag: zeroHash,
    transcriptHash: zeroHash,
    packet: undefined,
    previousHash: zeroHash,
    packets: [],
  };
}
