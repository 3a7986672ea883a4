import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { KeptCheckpoint } from "./checkpoint-store.ts";

const SIGNED = `
  select id as log, note from audit.logs
  join lateral (
    select note from audit.checkpoints where log = id order by size desc limit 1
  ) as latest on true`;

/** The newest signed head of a log in the database, as a note. */
export interface SignedNote {
  readonly log: LogId;
  readonly note: string;
}

/** Returns the newest signed head of each log. `client` must have the integrator's role. */
export const readSignedHeads = async (client: Client): Promise<readonly SignedNote[]> =>
  (await client.query<SignedNote>(SIGNED)).rows;

/** Returns the heads of logs of which no last checkpoint is kept outside. */
export function unkeptHeads(
  inside: readonly SignedNote[],
  outside: readonly KeptCheckpoint[],
): readonly SignedNote[] {
  const kept = new Set(outside.filter(({ kind }) => kind === "last").map(({ log }) => log));
  return inside.filter(({ log }) => !kept.has(log));
}
