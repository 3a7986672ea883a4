import { equalBytes } from "../../crypto/wire/bytes.ts";
import { int8Array } from "../../db/binary-arrays.ts";
import type { Pool } from "../../db/pool.ts";
import { keptOut } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { asIntegrator } from "./as-integrator.ts";
import { inCheck } from "./in-check.ts";

/** An entry that the database stored: its id and the hash of its leaf. */
export interface AppendedEntry {
  readonly log: LogId;
  readonly id: number;
  readonly leafHash: Uint8Array;
}

/**
 * The number of entries that are remembered. When there are more, the least recently checked one is
 * forgotten.
 */
const MOST = 200_000;
const AT_ONCE = 4_096;
const LOGS_AT_ONCE = 64;

// Each entry either waits or has its place. One statement sees it in one of the two.
const PLACES = `
  select appended.id, leaves.index, coalesce(
    pending.leaf_hash, substring(tiles.hashes from 1 + 32 * (leaves.index % 256)::int for 32)) as hash
  from unnest($1::int8[]) as appended (id)
  left join audit.pending on pending.entry = appended.id
  left join audit.leaves on leaves.entry = appended.id
  left join audit.tiles on tiles.log = leaves.log and level = 0 and tiles.index = leaves.index / 256`;

interface LogPositionRow {
  readonly id: number;
  readonly index: number | null;
  readonly hash: Uint8Array | null;
}

/**
 * The entries that this process committed and that it has not yet seen below a signed head. If one
 * disappears before, somebody removed it after its act was committed, so the act left no entry.
 */
export class AppendedEntries {
  readonly #entries = new Map<number, AppendedEntry>();

  add(entries: readonly AppendedEntry[]): void {
    for (const entry of entries) this.#entries.set(entry.id, entry);
    for (const [id] of this.#entries) {
      if (this.#entries.size <= MOST) return;
      this.#entries.delete(id);
    }
  }

  /**
   * Looks for the entries, the least recently checked ones first. Forgets the entries that a signed
   * head covers.
   * @throws AuditError audit_log_altered: an entry is gone or has another hash; it is not forgotten
   */
  async assertStored(pool: Pool, heads: KnownHeads): Promise<void> {
    const some = [...this.#entries.values()].slice(0, AT_ONCE);
    if (some.length === 0) return;
    const { rows } = await asIntegrator(pool, (client) =>
      client.query<LogPositionRow>(PLACES, [int8Array(some.map(({ id }) => id))]),
    );
    const places = new Map(rows.map((place) => [place.id, place]));
    for (const { log, id, leafHash } of some) {
      const hash = places.get(id)?.hash;
      if (!hash || !equalBytes(hash, leafHash))
        throw keptOut(log, `The entry ${id} of an act that was done is gone from the database.`);
    }
    const placed = some.filter(({ id }) => places.get(id)?.index !== null);
    const logs = [...new Set(placed.map(({ log }) => log))].slice(0, LOGS_AT_ONCE);
    for (const log of logs) await inCheck(pool, log, (client) => heads.open(client, log));
    for (const entry of some) {
      this.#entries.delete(entry.id);
      const index = places.get(entry.id)?.index ?? Number.POSITIVE_INFINITY;
      if (index >= heads.sizeOf(entry.log)) this.#entries.set(entry.id, entry);
    }
  }
}

const watched = new WeakMap<Pool, AppendedEntries>();

/** Reports each entry that a transaction of `pool` commits from now on to `appended`. */
export function watchAppended(pool: Pool, appended: AppendedEntries): void {
  watched.set(pool, appended);
}

/** Tells who watches `pool` that its transaction committed these entries. */
export function tellAppended(pool: Pool, entries: readonly AppendedEntry[]): void {
  watched.get(pool)?.add(entries);
}
