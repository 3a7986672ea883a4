import { NO_TENANT } from "../../audit/logs.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { LedgerEntry, LedgerPosition } from "./entry.ts";
import type { ErasureLedger } from "./erasure-ledger.ts";
import { LedgerError } from "./ledger-error.ts";
import { readPosition } from "./position.ts";
import { replayEntry } from "./replay.ts";
import type { SettleDeps } from "./settle-deps.ts";

/** What the ledger has, and up to where the database and the keystore have carried it out. */
export interface LedgerStatus {
  readonly entries: readonly LedgerEntry[];
  readonly database: LedgerPosition | undefined;
  readonly keystore: LedgerPosition | undefined;
}

/**
 * Compares the ledger with what the database and the keystore know of it. Reads the ledger from the
 * earlier of both positions.
 * @throws LedgerError ledger_missing, ledger_shortened, ledger_invalid, ledger_unreachable
 */
export async function readStatus(
  { ledger, pool, keystore }: Pick<SettleDeps, "ledger" | "pool" | "keystore">,
  { whole = false } = {},
): Promise<LedgerStatus> {
  const [data, keys] = await Promise.all([
    readPosition(pool, "sealdesk"),
    readPosition(keystore, "keystore"),
  ]);
  const first = whole ? 0 : Math.min(data?.number ?? 0, keys?.number ?? 0);
  const entries = await ledger.read(first);
  if (entries.length === 0 && (data ?? keys) !== undefined && (await ledger.read(0)).length === 0)
    throw new LedgerError(
      "ledger_missing",
      `There is no erasure ledger at ${ledger.place}, and the database knows one.`,
    );
  for (const known of [data, keys]) assertHas(ledger, entries, known);
  return { entries, database: data, keystore: keys };
}

function assertHas(
  { place }: ErasureLedger,
  entries: readonly LedgerEntry[],
  known: LedgerPosition | undefined,
): void {
  if (known === undefined) return;
  const found = entries.find(({ number }) => number === known.number);
  if (found !== undefined && equalBytes(found.hash, known.hash)) return;
  const what =
    found === undefined
      ? `The erasure ledger at ${place} lacks the entry ${known.number}, which the database knows.`
      : `The entry ${known.number} of the erasure ledger at ${place} is not the one that the database knows.`;
  throw new LedgerError("ledger_shortened", what);
}

/**
 * Carries out every entry of the ledger that the database or the keystore does not have, as after a
 * restore from a backup. Begins the ledger at the first start. You may repeat it, on several nodes at the same time.
 * @returns the number of entries that were carried out
 * @throws those of `readStatus`
 */
export async function settleLedger(deps: SettleDeps): Promise<number> {
  const { entries, database, keystore: inKeystore } = await readStatus(deps);
  if (entries.length === 0) {
    await beginLedger(deps);
    return settleLedger(deps);
  }
  const isNew = ({ number }: LedgerEntry) =>
    number > (database?.number ?? -1) || number > (inKeystore?.number ?? -1);
  let count = 0;
  for (const entry of entries.filter(isNew)) if (await replayEntry(deps, entry)) count++;
  return count;
}

/** Begins the ledger, unless another node has. Nodes of one database take turns. */
const beginLedger = ({ ledger, pool, newId, now }: SettleDeps): Promise<void> =>
  inTransaction(pool, NO_TENANT, async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtext('sealdesk.erasure_ledger'))");
    if ((await ledger.read(0)).length === 0) await ledger.begin(newId<Uuid>(), now());
  });
