import { NO_TENANT } from "../../audit/logs.ts";
import { appendEntries, classified } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";

/** Why a sign-in is refused before an account is known. Strangers cause as many as they want. */
export type CountedReason = "rate_limited" | "overloaded" | "unknown_tenant";

interface Count {
  readonly tenant: TenantId;
  readonly reason: CountedReason;
  readonly refused: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

interface Deps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The time between two entries of the same reason in a log, in milliseconds. */
const EVERY_MS = 600_000;

/**
 * Counts the sign-ins that this node refuses over a limit, or because there is no such tenant. One
 * entry for each tenant and reason has the sum, every ten minutes and when the node stops. Those without a
 * tenant are in the operator's log. If a node is killed, what it counted since the last entry is lost.
 */
export class RefusedSignIns {
  readonly #counts = new Map<string, Count>();

  count(tenant: TenantId | undefined, reason: CountedReason, nowMs: number): void {
    const one = { refused: 1, firstAtMs: nowMs, lastAtMs: nowMs };
    this.#add({ tenant: tenant ?? NO_TENANT, reason, ...one });
  }

  /**
   * Writes the sums now and from time to time.
   * @returns a function that stops this. It writes what was counted last
   */
  writePeriodically(deps: Deps, onError: (error: unknown) => void): () => Promise<void> {
    const stop = runPeriodically(() => this.#write(deps), EVERY_MS, onError);
    return async () => {
      await stop();
      await this.#write(deps).catch(onError);
    };
  }

  #add(more: Count): void {
    const key = `${more.tenant} ${more.reason}`;
    const known = this.#counts.get(key);
    const sum = known === undefined ? more : added(known, more);
    this.#counts.set(key, sum);
  }

  /** Keeps what could not be written for the next time. */
  async #write({ pool, now }: Deps): Promise<void> {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    const failures: unknown[] = [];
    for (const count of counts)
      await inTransaction(pool, count.tenant, (client) =>
        appendEntries(client, count.tenant, [entryOf(count, now())]),
      ).catch((error: unknown) => {
        failures.push(error);
        this.#add(count);
      });
    throwAll(failures, "Counts of refused sign-ins could not be written.");
  }
}

const added = (one: Count, other: Count): Count => ({
  ...one,
  refused: one.refused + other.refused,
  firstAtMs: Math.min(one.firstAtMs, other.firstAtMs),
  lastAtMs: Math.max(one.lastAtMs, other.lastAtMs),
});

const entryOf = ({ tenant, reason, refused, firstAtMs, lastAtMs }: Count, nowMs: number) =>
  classified({
    occurredAtMs: nowMs,
    actor: { kind: "system", id: "sign-in" },
    action: "session.create",
    resource: { type: "tenant", id: tenant },
    outcome: "refused",
    reason,
    details: { repeated: refused, firstAtMs, lastAtMs },
  } as const);
