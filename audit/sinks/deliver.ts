import { inSavepoint } from "../../db/in-savepoint.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { limitLocks } from "../check/in-check.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import type { GivenPositions } from "./given-positions.ts";
import { dueLogs, noteRefused, type DueLog } from "./positions.ts";
import type { DeliveredEntry, Sink } from "./sink.ts";

/** The number of entries that a sink is given at once. */
const BATCH = 1_000;

/** A log that could not be read. */
export interface UnreadLog {
  readonly log: LogId;
  readonly origin: string;
  /** AuditError if the log is not as it was signed; Error of the database otherwise. */
  readonly error: unknown;
}

interface Batch {
  readonly entries: readonly DeliveredEntry[];
  /** The next index of each log after the batch. */
  readonly next: ReadonlyMap<LogId, number>;
  readonly unread: readonly UnreadLog[];
}

export interface Delivered {
  /** The number of entries that the sink took. */
  readonly count: number;
  /** Whether more entries may wait, which can be read. */
  readonly isMore: boolean;
  readonly unread: readonly UnreadLog[];
}

/**
 * Gives a sink the next entries that lead to signed heads, each log in its order. The position is stored when the
 * sink has taken them, so a kill in between repeats entries and loses none. A log that cannot be read keeps no other
 * log waiting.
 * @param client a session of the integrator's role that has the turn of this sink, outside a transaction
 * @throws Error of the sink, or of a database that answers nothing
 */
export async function deliver(
  client: Client,
  heads: KnownHeads,
  {
    name,
    sink,
    given,
  }: { readonly name: string; readonly sink: Sink; readonly given: GivenPositions },
): Promise<Delivered> {
  const due = await dueLogs(client, name);
  const logs = due.map((each) => ({ ...each, from: given.of(each.log) }));
  if (logs.length === 0) return { count: 0, isMore: false, unread: [] };
  const { entries, next, unread } = await readBatch(client, heads, logs);
  await noteRefused(client, name, unread);
  if (entries.length > 0) await sink.take(entries);
  await given.advance(client, next);
  return { count: entries.length, isMore: entries.length === BATCH, unread };
}

async function readBatch(
  client: Client,
  heads: KnownHeads,
  logs: readonly DueLog[],
): Promise<Batch> {
  const entries: DeliveredEntry[] = [];
  const next = new Map<LogId, number>();
  const unread: UnreadLog[] = [];
  await client.query("begin; set local role sealdesk_app");
  await limitLocks(client);
  for (const due of logs) {
    if (entries.length >= BATCH) break;
    try {
      const read = await inSavepoint(client, () =>
        readLog(client, heads, due, BATCH - entries.length),
      );
      if (read === undefined) continue;
      entries.push(...read.entries);
      next.set(due.log, read.next);
    } catch (error) {
      unread.push({ log: due.log, origin: due.origin, error });
    }
  }
  await client.query("commit");
  return { entries, next, unread };
}

/** Returns at most `most` entries of a log; undefined if it has no signed head. */
async function readLog(
  client: Client,
  heads: KnownHeads,
  { log, from }: DueLog,
  most: number,
): Promise<{ readonly entries: readonly DeliveredEntry[]; readonly next: number } | undefined> {
  await client.query("select set_config('sealdesk.tenant', $1, true)", [log]);
  const opened = await heads.open(client, log);
  if (opened === undefined) return undefined;
  const { origin, minimumIndex, checkpoint } = opened;
  const first = Math.max(from, minimumIndex);
  const next = Math.min(first + most, checkpoint.size);
  const read = await opened.entries(first, next);
  return { entries: read.map((entry) => ({ ...entry, origin })), next };
}
