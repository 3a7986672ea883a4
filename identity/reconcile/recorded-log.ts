import { logOf, type TenantId } from "../../crypto/wire/ids.ts";
import { int8Array } from "../../db/binary-arrays.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inSnapshot } from "../../db/transaction.ts";
import { inCheck, limitLocks } from "../../audit/check/in-check.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import { parseEntry } from "../../audit/export/entry-filter.ts";
import type { Difference } from "./difference.ts";
import type { Replay, ReplayedState } from "./replay.ts";

const PAGE = 1_024;
/** A log that waits for more signatures than this is not compared. `audit_log_unsigned` says why. */
const MOST_UNSIGNED = 16_384;

// Entries that have a place but no signature yet, then those that wait for a place. A place beyond the tree
// was invented: see `assertAllPlaced`.
const UNSIGNED = `
  select entry, index from audit.leaves where log = $1 and index >= $2
    and index < (select max(size) from audit.trees where log = $1)
  union all select entry, null from audit.pending where log = $1
  order by index nulls last, entry limit $3`;

interface UnsignedRow {
  readonly entry: number;
  readonly index: number | null;
}

/** Replays the audit log of one tenant as it grows, and compares the database with it. */
export class RecordedLog<State extends ReplayedState<State>> {
  readonly tenant: TenantId;
  readonly #pool: Pool;
  readonly #heads: KnownHeads;
  readonly #replay: Replay<State>;
  #state: State;
  #next = 0;
  /** The size of the log when its replay began. */
  #goal: number | undefined;
  #restores = 0;
  #origin: string;

  constructor(pool: Pool, heads: KnownHeads, tenant: TenantId, replay: Replay<State>) {
    this.#replay = replay;
    this.#state = replay.begin();
    this.#pool = pool;
    this.#heads = heads;
    this.tenant = tenant;
    this.#origin = `of the tenant ${tenant}`;
  }

  /** The name of the log, once it has one. */
  get origin(): string {
    return this.#origin;
  }

  /** The number of entries that were replayed. */
  get size(): number {
    return this.#next;
  }

  /** Returns whether the replay has not reached the entry that was the last one when it began. */
  get isBeginning(): boolean {
    return this.#goal === undefined || this.#next < this.#goal;
  }

  /**
   * Replays the next signed entries. Each is compared with the signed head.
   * @returns whether the end of the log was reached
   * @throws AuditError audit_log_altered and the refusals of `KnownHeads.open`
   */
  async readOn(): Promise<boolean> {
    const log = logOf(this.tenant);
    return inCheck(this.#pool, this.tenant, async (client) => {
      const opened = await this.#heads.open(client, log);
      if (opened === undefined) return true;
      const { origin, checkpoint, minimumIndex } = opened;
      const { size, restores = 0 } = checkpoint;
      // After a declared restore, other entries may follow those that were left.
      if (size < this.#next || restores !== this.#restores) this.#begin(restores);
      this.#origin = origin;
      this.#goal ??= size;
      const from = Math.max(this.#next, minimumIndex);
      const entries = await opened.entries(from, from + PAGE);
      const [first] = entries;
      if (this.#next < minimumIndex && first !== undefined)
        this.#state.prunedBeforeMs = parseEntry(first.entry)?.occurredAtMs ?? Infinity;
      for (const { entry, index } of entries) this.#state.add(entry, index);
      this.#next = Math.min(from + PAGE, size);
      return this.#next === size;
    });
  }

  /**
   * Compares the rows with the entries that were replayed and with those that no head covers yet, as of
   * one moment.
   * @returns undefined if too many entries wait for a signature
   */
  async compare(): Promise<readonly Difference[] | undefined> {
    return inSnapshot(this.#pool, this.tenant, async (client) => {
      await limitLocks(client);
      const recorded = await this.#withUnsigned(client);
      if (recorded === undefined) return undefined;
      return this.#replay.compare(client, this.tenant, recorded);
    });
  }

  #begin(restores: number): void {
    this.#state = this.#replay.begin();
    this.#next = 0;
    this.#goal = undefined;
    this.#restores = restores;
  }

  async #withUnsigned(client: Client): Promise<State | undefined> {
    await client.query("set local role sealdesk_integrator");
    const { rows } = await client.query<UnsignedRow>(UNSIGNED, [
      this.tenant,
      this.#next,
      MOST_UNSIGNED + 1,
    ]);
    await client.query("set local role sealdesk_app");
    if (rows.length === 0) return this.#state;
    if (rows.length > MOST_UNSIGNED) return undefined;
    const stored = await client.query<{ id: number; entry: Uint8Array }>(
      "select id, entry from audit.entries where id = any($1::int8[])",
      [int8Array(rows.map(({ entry }) => entry))],
    );
    const bytes = new Map(stored.rows.map(({ id, entry }) => [id, entry]));
    const state = this.#state.copy();
    for (const { entry, index } of rows)
      state.add(bytes.get(entry) ?? new Uint8Array(0), index ?? undefined);
    return state;
  }
}
