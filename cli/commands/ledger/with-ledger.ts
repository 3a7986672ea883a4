import { uuidv7 } from "uuidv7";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { createKeystorePool, type Pool } from "../../../db/pool.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import {
  ErasureLedger,
  kmsLedgerKey,
  LEDGER_ORIGIN,
} from "../../../workflows/ledger/erasure-ledger.ts";
import type { SettleDeps } from "../../../workflows/ledger/settle-deps.ts";
import { openLedgerStore, placeOf } from "../../../workflows/ledger/stores/open-ledger-store.ts";
import type { Settings } from "../../settings.ts";

/** Opens the erasure ledger. @throws KeysError of the key service */
export async function withLedger<T>(
  { kms: kmsSettings, erasureLedger }: Settings,
  work: (ledger: ErasureLedger) => Promise<T>,
): Promise<T> {
  const { kms } = await openKms(kmsSettings());
  try {
    const store = await openLedgerStore(erasureLedger, Date.now);
    const ledger = new ErasureLedger({
      store,
      key: await kmsLedgerKey(kms),
      origin: LEDGER_ORIGIN,
      place: placeOf(erasureLedger),
    });
    try {
      return await work(ledger);
    } finally {
      ledger.close();
    }
  } finally {
    await kms.close();
  }
}

/** Opens the erasure ledger with the databases in which it is carried out. @throws KeysError of the key service */
export const withSettling = <T>(
  settings: Settings,
  { ownerUrl, pool }: { readonly ownerUrl: string; readonly pool: Pool },
  work: (deps: SettleDeps) => Promise<T>,
): Promise<T> =>
  withLedger(settings, async (ledger) => {
    const { keystore: apart } = settings;
    if (apart !== undefined) await assertReachable(apart);
    const keystore = createKeystorePool(apart?.url ?? ownerUrl, { max: 1 });
    const isApart = apart !== undefined;
    try {
      const newId = idGenerator(uuidv7);
      return await work({ ledger, pool, keystore, isApart, newId, now: Date.now });
    } finally {
      await keystore.end();
    }
  });
