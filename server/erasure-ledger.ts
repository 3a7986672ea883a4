import type { NewId } from "../crypto/wire/ids.ts";
import { runPeriodically } from "../db/run-periodically.ts";
import { ErasureLedger, kmsLedgerKey, LEDGER_ORIGIN } from "../workflows/ledger/erasure-ledger.ts";
import type { WithLedger } from "../workflows/ledger/settle-deps.ts";
import { LedgerError } from "../workflows/ledger/ledger-error.ts";
import { settleLedger } from "../workflows/ledger/settle.ts";
import { openLedgerStore, placeOf } from "../workflows/ledger/stores/open-ledger-store.ts";
import type { Config } from "./config.ts";
import { describeError, type Log } from "./log.ts";
import type { NotReadyReason } from "./readiness.ts";
import type { Storage } from "./storage.ts";

interface Deps {
  readonly storage: Storage;
  readonly newId: NewId;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** Time between two comparisons of the ledger with the database, in milliseconds. */
  readonly everyMs: number;
}

export interface RunningLedger {
  readonly ledger: ErasureLedger;
  readonly withLedger: WithLedger;
  /** Returns why the ledger is not trusted; undefined if the database has all of it. */
  refusal(): NotReadyReason | undefined;
  close(): Promise<void>;
}

/**
 * Opens the erasure ledger, and carries out what a restored database lacks. Then it compares them again and again,
 * because a database can be put back while a node runs.
 * @throws LedgerError ledger_missing, ledger_shortened, ledger_invalid, ledger_unreachable: the server does not start
 */
export async function runErasureLedger(
  { erasureLedger: location, keystoreUrl }: Config,
  { storage, newId, now, log, everyMs }: Deps,
): Promise<RunningLedger> {
  const { kms, database, keyTree } = storage;
  const store = await openLedgerStore(location, now);
  const ledger = new ErasureLedger({
    store,
    key: await kmsLedgerKey(kms),
    origin: LEDGER_ORIGIN,
    place: placeOf(location),
  });
  const deps = {
    ledger,
    pool: database.pool,
    keystore: keyTree.pool,
    isApart: keystoreUrl !== undefined,
    newId,
    now,
  };
  let refusal: NotReadyReason | undefined = "ledger_behind";
  const settle = async () => {
    const count = await settleLedger(deps);
    refusal = undefined;
    if (count > 0) log.warn("erasures were carried out again after a restore", { entries: count });
  };
  await settle();
  const stop = runPeriodically(settle, everyMs, (error) => {
    // If the database does not answer, another reason says so.
    if (error instanceof LedgerError) refusal = error.code;
    log.error("the erasure ledger could not be compared with the database", describeError(error));
  });
  return {
    ledger,
    withLedger: (work) => work(deps),
    refusal: () => refusal,
    async close() {
      await stop();
      ledger.close();
    },
  };
}
