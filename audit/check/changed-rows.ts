import type { Pool } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { asIntegrator } from "./as-integrator.ts";

interface TableCounts {
  /** PostgreSQL's number of the table. A table that was made anew has another one. */
  readonly relid: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What PostgreSQL counts of changed rows, as of one moment. */
export interface RowCounts {
  /** When PostgreSQL was started. A crash loses what it counted. */
  readonly startedAt: string;
  /** When somebody last set counts of this database to 0; null if nobody did. */
  readonly resetAt: string | null;
  /** The tables of the logs, in one order. */
  readonly tables: readonly TableCounts[];
  /** How many entries prunes set out to remove. */
  readonly removals: number;
}

const COUNTS = `
  select extract(epoch from pg_postmaster_start_time())::text as "startedAt",
    (select extract(epoch from stats_reset)::text from pg_stat_database
      where datname = current_database()) as "resetAt",
    json_agg(json_build_object(
      'relid', relid::int8, 'updated', n_tup_upd, 'deleted', n_tup_del) order by relname) as tables,
    (select coalesce(sum(removals), 0)::int8 from audit.logs) as removals
  from pg_stat_all_tables
  where relid in ('audit.entries'::regclass, 'audit.leaves'::regclass, 'audit.trees'::regclass)`;

/**
 * Notices within seconds that rows of the logs were changed or removed, long before a check reads them. The
 * software changes none, and removes only entries that prunes set out to remove. PostgreSQL counts the rows that
 * were changed and removed in each table (`pg_stat_all_tables`), also by transactions that were rolled back, so each
 * prune counts as often as it is tried. It
 * counts nothing in a session of a superuser that switches `track_counts` off, and nothing when the owner rewrites a whole
 * table, so this takes the place of no check.
 */
export class ChangedRows {
  /** The counts when the last whole check without a finding began. */
  #known: RowCounts | undefined;
  /** Whether the last look found more removed rows than prunes explain. A prune may have ended during that look. */
  #isSuspect = false;

  /**
   * Call it again and again. Rows that are removed count at the second look.
   * @throws AuditError audit_log_altered, until `accept` is called with counts from after the change
   */
  async assertNone(pool: Pool): Promise<void> {
    const now = await this.read(pool);
    const known = this.#known;
    const wasSuspect = this.#isSuspect;
    this.#isSuspect = known !== undefined && isMoreRemoved(known, now);
    if (known?.startedAt !== now.startedAt) this.#known = now;
    else if (known.resetAt !== now.resetAt)
      throw changed(
        "PostgreSQL's counts of changed rows were set to 0, by somebody or after a crash",
      );
    else if (now.tables.some((table, at) => table.relid !== known.tables[at]?.relid))
      throw changed("audit.entries, audit.leaves or audit.trees was made anew");
    else if (now.tables.some((table, at) => isLess(table, known.tables[at])))
      throw changed("PostgreSQL's counts of changed rows became smaller");
    else if (updatedIn(now) > updatedIn(known) || (this.#isSuspect && wasSuspect))
      throw changed("rows of audit.entries, audit.leaves or audit.trees were changed or removed");
  }

  /** Returns the counts now. Call it before a check of all logs begins. */
  async read(pool: Pool): Promise<RowCounts> {
    const { rows } = await asIntegrator(pool, (client) => client.query<RowCounts>(COUNTS));
    const [counts] = rows;
    if (counts === undefined) throw new Error("PostgreSQL counts nothing");
    return counts;
  }

  /** Accepts these counts, because a check of all logs that began then found nothing. */
  accept(counts: RowCounts): void {
    this.#known = counts;
    this.#isSuspect = false;
  }
}

const updatedIn = ({ tables }: RowCounts): number =>
  tables.reduce((sum, { updated }) => sum + updated, 0);
const deletedIn = ({ tables }: RowCounts): number =>
  tables.reduce((sum, { deleted }) => sum + deleted, 0);

const isLess = (now: TableCounts, known: TableCounts | undefined): boolean =>
  known !== undefined && (now.updated < known.updated || now.deleted < known.deleted);

const isMoreRemoved = (known: RowCounts, now: RowCounts): boolean =>
  deletedIn(now) - deletedIn(known) > now.removals - known.removals;

const changed = (what: string): AuditError =>
  new AuditError(
    "audit_log_altered",
    `Since the last whole check of the audit logs, ${what}. The next whole check says which entry was altered, if one still is.`,
  );
