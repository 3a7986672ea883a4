import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { LogKey } from "../../../audit/logs.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { newId } from "../../testkit/ids.ts";
import { startServer } from "../../testkit/server-process.ts";
import type { Progress } from "../options.ts";
import { median, round } from "../statistics.ts";
import { signEntry, type LedgerEntry } from "../../../workflows/ledger/entry.ts";
import {
  ErasureLedger,
  kmsLedgerKey,
  LEDGER_ORIGIN,
} from "../../../workflows/ledger/erasure-ledger.ts";
import { directoryLedger } from "../../../workflows/ledger/stores/directory-ledger.ts";
import { entryName } from "../../../workflows/ledger/stores/ledger-store.ts";

/** Entries that the database lacks, as after a restore. */
const LACKED = 1_000;
const AT_ONCE = 256;

export interface Restart {
  readonly entries: number;
  /** Until the server is ready, in milliseconds. */
  readonly shortMs: number;
  readonly longMs: number;
  /** Reading and verifying the whole ledger. */
  readonly verifiedPerSecond: number;
  /** Until the server is ready with a database that lacks the last entries. */
  readonly lackedEntries: number;
  readonly lackingMs: number;
}

/**
 * Measures a restart of the whole server whose erasure ledger has many entries, beside one with a single entry; and a
 * start after a restore, which carries out what the database lacks.
 */
export async function measureRestart(
  entries: number,
  rounds: number,
  progress: Progress,
): Promise<Restart> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const folder = join(home, "erasure-ledger");
  try {
    const restart = async () => {
      const beganMs = performance.now();
      const server = await startServer(home, { LOG_LEVEL: "error" });
      const ms = performance.now() - beganMs;
      await server.stop();
      return ms;
    };
    const restarts = async () => {
      const took: number[] = [];
      for (let turn = 0; turn < rounds; turn++) took.push(await restart());
      return round(median(took));
    };
    // The first start creates the database.
    await restart();
    const shortMs = await restarts();
    progress(`signing ${entries} entries of the ledger`);
    const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
    const key = await kmsLedgerKey(kms);
    const store = directoryLedger(folder);
    const ledger = new ErasureLedger({ store, key, origin: LEDGER_ORIGIN, place: folder });
    const lacked = Math.min(LACKED, entries >> 1);
    const tenant = newId<TenantId>();
    await withOwner(home, (owner) =>
      owner.query(
        "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, 'bench', 'Bench', 0)",
        [tenant],
      ),
    );
    const last = await writeEntries({ ledger, key, folder, tenant }, entries);
    await setPosition(home, last);
    const longMs = await restarts();
    const beganMs = performance.now();
    await ledger.read(0);
    const verifiedPerSecond = round((entries / (performance.now() - beganMs)) * 1000);
    const known = (await ledger.read(entries - 1 - lacked))[0];
    if (known !== undefined) await setPosition(home, known);
    const lackingMs = round(await restart());
    await kms.close();
    const { length } = await readdir(folder);
    return {
      entries: length,
      shortMs,
      longMs,
      verifiedPerSecond,
      lackedEntries: lacked,
      lackingMs,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Writes entries about people who never existed, without waiting for the disk after each. */
async function writeEntries(
  {
    ledger,
    key,
    folder,
    tenant,
  }: {
    readonly ledger: ErasureLedger;
    readonly key: LogKey;
    readonly folder: string;
    readonly tenant: TenantId;
  },
  count: number,
): Promise<LedgerEntry> {
  let last = (await ledger.read(0)).at(-1);
  if (last === undefined) throw new Error("the server has begun the ledger");
  let pending: Promise<void>[] = [];
  while (last.number < count - 1) {
    const subject = newId<UserId>();
    const record = { kind: "subject", tenant, subject, act: "bench:1", atMs: 0 } as const;
    last = await signEntry({ key, origin: LEDGER_ORIGIN }, last, record);
    pending.push(writeFile(join(folder, entryName(last.number)), last.note));
    if (pending.length === AT_ONCE) {
      await Promise.all(pending);
      pending = [];
    }
  }
  await Promise.all(pending);
  return last;
}

/** Has the database know the ledger up to an entry. */
const setPosition = (home: string, { number, hash }: LedgerEntry): Promise<void> =>
  withOwner(home, async (owner) => {
    for (const schema of ["sealdesk", "keystore"])
      await owner.query(`update ${schema}.ledger_position set number = $1, hash = $2`, [
        number,
        hash,
      ]);
  });

/** Runs work on the database of a server that does not run. */
async function withOwner(
  home: string,
  work: (owner: pg.Client) => Promise<unknown>,
): Promise<void> {
  const cluster = await startEmbeddedPostgres(join(home, "postgres"));
  const owner = new pg.Client({ connectionString: cluster.ownerUrl });
  try {
    await owner.connect();
    await work(owner);
  } finally {
    await owner.end();
    await cluster.stop();
  }
}
