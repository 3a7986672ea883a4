import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { advance, readPositions } from "./positions.ts";

/**
 * How far a sink was given each log, as the node that has the turn has stored it. Somebody who moves a row ahead would
 * otherwise keep entries from the sink. The same goes for a row of a log that this node has stored nothing about.
 */
export class GivenPositions {
  readonly #sink: string;
  readonly #next: Map<LogId, number>;

  private constructor(sink: string, next: ReadonlyMap<LogId, number>) {
    this.#sink = sink;
    this.#next = new Map(next);
  }

  /** Takes over what the node stored that had the turn before. */
  static async load(client: Client, sink: string): Promise<GivenPositions> {
    const rows = await readPositions(client, sink);
    return new GivenPositions(sink, new Map(rows.map(({ log, next }) => [log, next])));
  }

  /** Returns the index of the first entry that the sink was not given. Of a log that is new, that is the first one. */
  of(log: LogId): number {
    return this.#next.get(log) ?? 0;
  }

  /** Stores the next index of each log that the sink was given entries of. */
  async advance(client: Client, next: ReadonlyMap<LogId, number>): Promise<void> {
    await advance(client, this.#sink, next);
    for (const [log, index] of next) this.#next.set(log, index);
  }

  /**
   * Compares the stored positions with those that this node stored, and puts them right. So the sink gets what it missed.
   * @returns a finding for each position that somebody changed
   */
  async putRight(client: Client): Promise<readonly AuditError[]> {
    const stored = new Map(
      (await readPositions(client, this.#sink)).map((row) => [row.log, row] as const),
    );
    const known = new Map([...[...stored.keys()].map((log) => [log, 0] as const), ...this.#next]);
    const changed = [...known].filter(([log, next]) => stored.get(log)?.next !== next);
    await advance(client, this.#sink, new Map(changed));
    return changed.map(
      ([log, next]) =>
        new AuditError(
          "audit_state_differs",
          `The position of the sink ${this.#sink} in the log ${stored.get(log)?.origin ?? log} was changed in the database: it says ${stored.get(log)?.next ?? "nothing"}, and this node stored ${next}. The node has put it right.`,
        ),
    );
  }
}
