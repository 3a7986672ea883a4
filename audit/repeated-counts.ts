import type { TenantId } from "../crypto/wire/ids.ts";
import type { Client, Pool } from "../db/pool.ts";
import { AuditError } from "./audit-error.ts";

/** The time for which acts of one kind are counted before their sum becomes an entry, in milliseconds. */
export const PERIOD_MS = 3_600_000;
/** The largest accepted difference between the clocks of two nodes, in milliseconds. */
export const CLOCK_AHEAD_MS = 300_000;
/** The number of kinds that are remembered. When there are more, the oldest is forgotten. */
const MOST = 20_000;

/** Acts of one kind by one account: same action, outcome and code. */
export interface RepeatedKind {
  readonly account: string;
  readonly action: string;
  readonly outcome: string;
  readonly reason: string;
}

/** How many acts of a kind there were since its hour began. */
export interface RepeatedCount extends RepeatedKind {
  readonly sinceMs: number;
  readonly seen: number;
}

const COUNTS = `
  select account, action, outcome, reason, since_ms as "sinceMs", seen from audit.repeats where seen >= $1`;

const keyOf = (tenant: TenantId, { account, action, outcome, reason }: RepeatedKind): string =>
  [tenant, account, action, outcome, reason].join(" ");

/**
 * The counts of repeated acts that this process committed. The acts have no entry of their own until the hour is over. So
 * if somebody removes or lowers a count before, nothing else shows them.
 */
export class RepeatedCounts {
  readonly #known = new Map<string, RepeatedCount & { readonly tenant: TenantId }>();
  readonly #onFinding: (error: AuditError) => void;

  /** @param onFinding called for each count that somebody removed or lowered */
  constructor(onFinding: (error: AuditError) => void) {
    this.#onFinding = onFinding;
  }

  add(tenant: TenantId, counts: readonly RepeatedCount[]): void {
    for (const count of counts) {
      const key = keyOf(tenant, count);
      this.#known.delete(key);
      this.#known.set(key, { ...count, tenant });
    }
    for (const [key] of this.#known) {
      if (this.#known.size <= MOST) return;
      this.#known.delete(key);
    }
  }

  /** Forgets counts that became entries. */
  forget(tenant: TenantId, kinds: readonly RepeatedKind[]): void {
    for (const kind of kinds) this.#known.delete(keyOf(tenant, kind));
  }

  /**
   * Compares the stored counts with those that this process committed. A count whose hour is nearly over is left out,
   * because another node may have made it an entry. A count that was found is forgotten. The transaction must be fenced
   * to the tenant.
   */
  async compare(client: Client, tenant: TenantId, nowMs: number): Promise<void> {
    const own = [...this.#known].filter(([, count]) => count.tenant === tenant);
    if (own.length === 0) return;
    const least = Math.min(...own.map(([, { seen }]) => seen));
    const { rows } = await client.query<RepeatedCount>(COUNTS, [least]);
    const stored = new Map(rows.map((row) => [keyOf(tenant, row), row]));
    for (const [key, { action, outcome, sinceMs, seen }] of own) {
      const row = stored.get(key);
      const isOver = sinceMs <= nowMs - PERIOD_MS + CLOCK_AHEAD_MS;
      if (!isOver && row?.sinceMs === sinceMs && row.seen >= seen) continue;
      this.#known.delete(key);
      if (isOver) continue;
      this.#onFinding(
        new AuditError(
          "audit_state_differs",
          `A count of repeated acts was removed or lowered in audit.repeats: ${action} (${outcome}) was counted ${seen} times. The acts after the first ones have no entry.`,
        ),
      );
    }
  }
}

const watched = new WeakMap<Pool, RepeatedCounts>();

/** Remembers the counts that transactions of `pool` commit. */
export const watchRepeated = (pool: Pool, counts: RepeatedCounts): void =>
  void watched.set(pool, counts);

/** Returns the counts that are remembered of `pool`, if they are. */
export const repeatedCountsOf = (pool: Pool): RepeatedCounts | undefined => watched.get(pool);
