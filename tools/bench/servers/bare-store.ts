import pg from "pg";
import { byteaArray, int4Array, int8Array, uuidArray } from "../../../db/binary-arrays.ts";
import { uuidFromBytes } from "../../../crypto/wire/uuid.ts";
import { BODY_AT, ID_AT } from "../load/bare-format.ts";

/** A message that waits to be stored: its number, and its frame as it will be delivered. */
export interface BareMessage {
  readonly seq: number;
  readonly device: number;
  readonly frame: Buffer;
  readonly onStored: () => void;
}

const SCHEMA = `
  create schema bare;
  create table bare.messages (conversation uuid not null, seq bigint not null, device integer not null,
    client_message_id uuid not null, received_at_ms bigint not null, body bytea not null)
    partition by range (received_at_ms);
  alter table bare.messages alter column body set storage external;
  create table bare.messages_all partition of bare.messages for values from (minvalue) to (maxvalue);
  create unique index on bare.messages_all (conversation, seq);
  create unique index on bare.messages_all (conversation, device, client_message_id);
  create table bare.cursors (conversation uuid, device integer, seq bigint not null,
    primary key (conversation, device)) with (fillfactor = 50);`;
const INSERT = `insert into bare.messages select * from unnest($1::uuid[], $2::int8[], $3::int4[],
  $4::uuid[], $5::int8[], $6::bytea[])`;
const CURSORS = `insert into bare.cursors as c select * from unnest($1::uuid[], $2::int4[], $3::int8[])
  on conflict (conversation, device) do update set seq = excluded.seq where c.seq < excluded.seq`;
const READ = `select seq, client_message_id, body from bare.messages
  where conversation = $1 and seq > $2 order by seq`;

const LANES = 2;
const BATCH = 256;
const CURSORS_EVERY_MS = 500;

const idAt = (frame: Buffer, at: number) => uuidFromBytes(frame, at);

interface Lane {
  readonly client: pg.Client;
  readonly queue: BareMessage[];
  busy: boolean;
}

/**
 * Batched inserts with binary arrays, and cursors written with a delay: the durable half of the
 * prototype.
 */
export class BareStore {
  readonly #lanes: readonly Lane[];
  readonly #pool: pg.Pool;
  readonly #cursors = new Map<string, readonly [string, number, number]>();

  private constructor(clients: readonly pg.Client[], pool: pg.Pool) {
    this.#lanes = clients.map((client) => ({ client, queue: [], busy: false }));
    this.#pool = pool;
    setInterval(() => void this.#writeCursors(), CURSORS_EVERY_MS);
  }

  static async open(url: string): Promise<BareStore> {
    const pool = new pg.Pool({ connectionString: url, max: 8 });
    await pool.query(SCHEMA);
    const clients = Array.from({ length: LANES }, () => new pg.Client({ connectionString: url }));
    await Promise.all(clients.map((client) => client.connect()));
    return new BareStore(clients, pool);
  }

  /**
   * Adds a message to its conversation's lane. A conversation always uses the same lane, so its
   * messages are stored and delivered in order.
   */
  push(message: BareMessage): void {
    const lane = this.#lanes[(message.frame[1] ?? 0) % LANES];
    if (lane === undefined) return;
    lane.queue.push(message);
    if (lane.busy) return;
    lane.busy = true;
    // Messages that arrive in the same turn of the event loop belong to the same batch.
    setImmediate(() => void this.#run(lane));
  }

  async #run(lane: Lane): Promise<void> {
    while (lane.queue.length > 0) {
      const batch = lane.queue.splice(0, BATCH);
      const nowMs = Date.now();
      await lane.client.query({
        name: "insert",
        text: INSERT,
        values: [
          uuidArray(batch.map(({ frame }) => idAt(frame, 1))),
          int8Array(batch.map(({ seq }) => seq)),
          int4Array(batch.map(({ device }) => device)),
          uuidArray(batch.map(({ frame }) => idAt(frame, ID_AT))),
          int8Array(batch.map(() => nowMs)),
          byteaArray(batch.map(({ frame }) => frame.subarray(BODY_AT))),
        ],
      });
      for (const { onStored } of batch) onStored();
    }
    lane.busy = false;
  }

  acknowledge(conversation: string, device: number, seq: number): void {
    this.#cursors.set(conversation + String(device), [conversation, device, seq]);
  }

  async read(conversation: string, after: number) {
    const { rows } = await this.#pool.query<{
      seq: string;
      client_message_id: string;
      body: Buffer;
    }>({
      name: "read",
      text: READ,
      values: [uuidFromBytes(Buffer.from(conversation, "latin1")), after],
    });
    return rows;
  }

  async #writeCursors(): Promise<void> {
    const rows = [...this.#cursors.values()];
    this.#cursors.clear();
    if (rows.length === 0) return;
    await this.#pool.query({
      name: "cursors",
      text: CURSORS,
      values: [
        uuidArray(rows.map(([key]) => idAt(Buffer.from(key, "latin1"), 0))),
        int4Array(rows.map(([, device]) => device)),
        int8Array(rows.map(([, , seq]) => seq)),
      ],
    });
  }
}
