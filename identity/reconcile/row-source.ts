import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";

/** What an entry of the log says about a row. */
export interface RecordedRow {
  readonly place: string;
  /** The words that the row must have. None if it is gone. */
  readonly values: readonly string[];
}

/** Rows of one kind: what the log says about them, and what the database has. */
export interface RowSource {
  /** The actions whose entries say what a row has. */
  readonly actions: readonly string[];
  /**
   * Returns what an entry of an act that was done says about rows.
   * @param before what the entries before it say, by place
   */
  readonly recorded: (
    entry: LoggedEntry,
    before: ReadonlyMap<string, { readonly values: readonly string[] }>,
  ) => readonly RecordedRow[];
  /** Returns the rows of the tenant to which the transaction is fenced, by place. */
  readonly read: (client: Client) => Promise<ReadonlyMap<string, StoredRow>>;
}

/** Returns who acted as one text, as `nameOf` stores it: the id of an account, or "operator:" and a name. */
export const actingName = ({ actor }: LoggedEntry): string =>
  actor.kind === "user" ? actor.id : `operator:${actor.person?.name ?? "unknown"}`;
