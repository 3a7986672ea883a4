import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { limitLocks } from "../check/in-check.ts";
import { AuditError } from "../audit-error.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { advance, dueLogs, type DueLog } from "./positions.ts";
import type { DeliveredEntry, Sink } from "./sink.ts";

/** The number of entries that a sink is given at once. */
const BATCH = 1_000;

interface Batch {
  readonly entries: readonly DeliveredEntry[];
  /** The next index of each log after the batch. */
  readonly next: ReadonlyMap<LogId, number>;
  /** Why a log could not be read. The others are delivered. */
  readonly refused: AuditError | undefined;
}

/**
 * Gives a sink the next entries that lead to signed heads, each log in its order. The position is stored when the
 * sink has taken them, so a kill in between repeats entries and loses none.
 * @param client a session of the integrator's role that has the turn of this sink, outside a transaction
 * @returns whether more entries may wait
 * @throws Error of the sink; AuditError of a log that is refused, after the others were delivered
 */
export async function deliver(
  client: Client,
  heads: KnownHeads,
  { name, sink }: { readonly name: string; readonly sink: Sink },
): Promise<boolean> {
  const logs = await dueLogs(client, name);
  if (logs.length === 0) return false;
  const { entries, next, refused } = await readBatch(client, heads, logs);
  if (entries.length > 0) await sink.take(entries);
  await advance(client, name, next);
  if (refused !== undefined) throw refused;
  return entries.length === BATCH;
}

async function readBatch(
  client: Client,
  heads: KnownHeads,
  logs: readonly DueLog[],
): Promise<Batch> {
  const entries: DeliveredEntry[] = [];
  const next = new Map<LogId, number>();
  let refused: AuditError | undefined;
  await client.query("begin; set local role sealdesk_app");
  await limitLocks(client);
  for (const { log, from } of logs) {
    if (entries.length >= BATCH) break;
    await client.query("select set_config('sealdesk.tenant', $1, true)", [log]);
    try {
      const opened = await heads.open(client, log);
      if (opened === undefined) continue;
      const { origin, minimumIndex, checkpoint } = opened;
      const first = Math.max(from, minimumIndex);
      const until = Math.min(first + BATCH - entries.length, checkpoint.size);
      const read = await opened.entries(first, until);
      entries.push(...read.map((entry) => ({ ...entry, origin })));
      next.set(log, until);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      refused ??= error;
    }
  }
  await client.query("commit");
  return { entries, next, refused };
}
