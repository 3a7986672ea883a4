import { int4Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import { createBatchLoader } from "../../db/batch-loader.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Connected } from "../../policies/relay-access.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  MessageId,
} from "../../crypto/wire/ids.ts";
import { restrictedTo } from "../members/restricted-to.ts";

// Requests are numbered, so one statement answers many. The data of an event is looked up for each
// event, because a join of many would be planned as a scan. The columns are named, because a prepared
// statement with all columns fails once a newer version adds one.
const EVENTS = `
  select asked.number, e.*, restriction."restrictedTo",
    (retention.rules <> '[]' and e.received_at_ms <@ sealdesk.expired_ranges(
      asked.conversation, retention.rules, sealdesk.database_now_ms())) as hidden,
    (select p.bytes from packets p
      where p.conversation = e.conversation and p.device = asked.device and p.seq = e.seq
        and p.received_at_ms = e.received_at_ms) as packet
  from unnest($1::int4[], $2::uuid[], $3::uuid[], $4::int8[], $5::int8[], $6::int4[])
    as asked (number, conversation, device, after, until, page)
  cross join (select sealdesk.retention_rules() as rules) retention
  cross join lateral (select ${restrictedTo("asked.conversation")} as "restrictedTo") restriction
  cross join lateral (
    select tenant, conversation, seq, kind, sender_device, epoch, key_id, client_message_id,
      received_at_ms, ciphertext, commitment, franking_tag, transcript_hash, previous_hash
    from events
    where conversation = asked.conversation and seq > asked.after and seq <= asked.until and kind > 0
    order by seq limit asked.page) e
  order by asked.number, e.seq`;

/** A request for a device's next events of one conversation. */
export interface EventsRequest {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  /**
   * Whose device it is. "subject": the person takes a copy of their own data, to which a restriction does not apply
   * (GDPR Article 18(2)). The caller has decided that they may.
   */
  readonly reader: Connected | "subject";
  /** The event after which to read. It is not returned itself. */
  readonly afterSeq: number;
  /** The last event wanted. It is at or before the last event that the device may currently see. */
  readonly untilSeq: number;
  readonly limit: number;
}

/** An event as the database has it: its content and its packet are still sealed. */
export interface EventRow {
  /** The number of the request that it answers. */
  readonly number: number;
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly kind: number;
  readonly sender_device: DeviceId;
  readonly epoch: number;
  readonly key_id: Uuid;
  readonly client_message_id: MessageId;
  readonly received_at_ms: number;
  readonly ciphertext: Buffer;
  readonly commitment: Buffer;
  readonly franking_tag: Buffer;
  readonly transcript_hash: Buffer;
  readonly previous_hash: Buffer;
  readonly packet: Buffer | null;
  /** Whether its retention is over. Nobody is shown it, and the purge deletes it unless a hold preserves it. */
  readonly hidden: boolean;
  /** As in `ConversationFacts`; null if the processing of the conversation is not restricted. */
  readonly restrictedTo: readonly UserId[] | null;
}

/** The number of rows that are read at once. It limits the memory of a page of large messages. */
const MAX_ROWS = 512;

/** Reads the rows that answer a request. Requests that arrive together share one statement. */
export const loadEventRows = createBatchLoader<EventsRequest, EventRow[]>({
  async answer(pool, tenant, asked) {
    const { rows } = await inTransaction(pool, tenant, (client) =>
      client.query<EventRow>({
        name: "read-events",
        text: EVENTS,
        values: [
          int4Array(asked.map((_, number) => number)),
          uuidArray(asked.map(({ conversation }) => conversation)),
          uuidArray(asked.map(({ device }) => device)),
          int8Array(asked.map(({ afterSeq }) => afterSeq)),
          int8Array(asked.map(({ untilSeq }) => untilSeq)),
          int4Array(asked.map(({ limit }) => limit)),
        ],
      }),
    );
    const answers = asked.map((): EventRow[] => []);
    for (const row of rows) answers[row.number]?.push(row);
    return answers;
  },
  weigh: ({ afterSeq, untilSeq, limit }) => Math.min(limit, Math.max(1, untilSeq - afterSeq)),
  most: MAX_ROWS,
});
