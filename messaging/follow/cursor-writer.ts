import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { markFinished, type Finished } from "./finish-conversations.ts";

interface Acknowledged extends Finished {
  /** True if this seems to be the last event that the device may see. */
  readonly isLast: boolean;
}

const UPSERT = `
  insert into cursors as c (tenant, conversation, device, seq)
  select $1, * from unnest($2::uuid[], $3::uuid[], $4::int8[])
  on conflict (conversation, device, tenant) do update set seq = excluded.seq where c.seq < excluded.seq`;

/**
 * Writes acknowledgements with a delay, only the newest for each device and conversation. If one is
 * lost, the device receives events again that it already has.
 */
export class CursorWriter {
  readonly #pool: Pool;
  readonly #intervalMs: number;
  readonly #waiting = new Map<TenantId, Map<string, Acknowledged>>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(pool: Pool, intervalMs = 500) {
    this.#pool = pool;
    this.#intervalMs = intervalMs;
  }

  /** Notes that the device has every event up to `seq`. */
  acknowledge(tenant: TenantId, device: DeviceId, conversation: ConversationId, seq: number): void {
    this.#add(tenant, { conversation, device, seq, isLast: false });
  }

  /**
   * Notes that the device has every event up to `seq`, which seems to be the last. If it is, the
   * conversation is no longer listed for the device.
   */
  finish(tenant: TenantId, device: DeviceId, conversation: ConversationId, seq: number): void {
    this.#add(tenant, { conversation, device, seq, isLast: true });
  }

  #add(tenant: TenantId, acknowledged: Acknowledged): void {
    let waiting = this.#waiting.get(tenant);
    if (waiting === undefined)
      this.#waiting.set(tenant, (waiting = new Map<string, Acknowledged>()));
    const key = acknowledged.device + acknowledged.conversation;
    const earlier = waiting.get(key);
    if (earlier === undefined || earlier.seq < acknowledged.seq || !earlier.isLast)
      waiting.set(key, acknowledged);
    this.#schedule();
  }

  /** Writes the waiting acknowledgements. */
  async close(): Promise<void> {
    await this.#writing;
    clearTimeout(this.#timer);
    await this.#flush();
  }

  /**
   * Runs one write at a time. New acknowledgements replace the waiting ones, so a slow database
   * costs no memory.
   */
  #schedule(): void {
    if (this.#writing !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#writing = this.#flush().finally(() => {
        this.#writing = undefined;
        if (this.#waiting.size > 0) this.#schedule();
      });
    }, this.#intervalMs);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const batches = [...this.#waiting];
    this.#waiting.clear();
    for (const [tenant, rows] of batches) await this.#write(tenant, [...rows.values()]);
  }

  /** Writes in a fixed order, so that two nodes cannot deadlock on the same rows. */
  async #write(tenant: TenantId, rows: Acknowledged[]): Promise<void> {
    rows.sort((a, b) =>
      a.conversation === b.conversation
        ? compare(a.device, b.device)
        : compare(a.conversation, b.conversation),
    );
    try {
      await inTransaction(this.#pool, tenant, async (client) => {
        await client.query({
          name: "cursors",
          text: UPSERT,
          values: [
            tenant,
            uuidArray(rows.map((row) => row.conversation)),
            uuidArray(rows.map((row) => row.device)),
            int8Array(rows.map((row) => row.seq)),
          ],
        });
        const last = rows.filter(({ isLast }) => isLast);
        if (last.length > 0) await markFinished(client, last);
      });
    } catch {
      // A lost acknowledgement does no harm: the device receives the events again.
    }
  }
}

const compare = (a: Uuid, b: Uuid): number => (a < b ? -1 : 1);
