import type { IndexedEntry } from "../read/checked-log.ts";

/** An entry that leads to a signed head, and the name of its log. */
export interface DeliveredEntry extends IndexedEntry {
  readonly origin: string;
}

/** A place outside the database that is given every entry. */
export interface Sink {
  /**
   * Takes entries, in their order. When it resolves, the sink keeps them. After a failure, the sink may have
   * kept some: it is given them again.
   * @throws Error of the operating system, if the sink does not take them in time
   */
  take(entries: readonly DeliveredEntry[]): Promise<void>;
  /** The time between two batches that are not full, in milliseconds, if the sink needs one. */
  readonly restMs?: number;
  /** Frees what the sink holds between two batches. */
  close?(): void;
}

/** The longest time that a sink may take for one batch, in milliseconds. */
export const TAKE_MS = 10_000;
