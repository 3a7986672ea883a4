import { openKeyTree, type KeyTree } from "../keys/at-rest/key-tree.ts";
import type { Kms } from "../keys/kms/kms.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { ServerKeys } from "../keys/server-keys/server-keys.ts";
import type { Closers } from "./closers.ts";
import type { Config } from "./config.ts";
import { openDatabase, type OpenDatabase } from "./database.ts";
import { describeError, type Log } from "./log.ts";
import { watchStorage } from "./storage-watch.ts";
import { waitFor } from "./wait-for.ts";

interface Deps {
  readonly now: () => number;
  readonly log: Log;
  /** Time between two checks for server keys that another process rotated. */
  readonly serverKeysPollMs: number;
  readonly onLost: (error: unknown) => void;
}

/** The server's data stores, and the keys that protect them. */
export interface Storage {
  readonly kms: Kms;
  readonly database: OpenDatabase;
  readonly serverKeys: ServerKeys;
  readonly keyTree: KeyTree;
  /** True while the database or the keystore cannot store anything. */
  readonly isFailing: () => boolean;
}

/**
 * Opens the key service, the database, the server keys and the keystore, in this order.
 * @throws KeysError (keyring), DatabaseError
 */
export async function openStorage(config: Config, deps: Deps, closers: Closers): Promise<Storage> {
  const { now, log } = deps;
  const opened = await waitFor(log, "key service", openKms(config.kms));
  const { kms, firstKeys } = opened;
  closers.add(() => kms.close());
  const database = await openAndClose(openDatabase(config, log), closers);
  const { pool } = database;
  const opening = ServerKeys.open({ pool, kms, now, firstKeys });
  const serverKeys = await waitFor(log, "server keys", opening);
  await opened.forgetFirstKeys();
  const leaveKeys = serverKeys.keepFresh(deps.serverKeysPollMs, (error) =>
    log.warn("server keys could not be read", describeError(error)),
  );
  closers.add(leaveKeys);
  const keyTree = await waitFor(
    log,
    "keystore",
    openKeyTree({ url: database.keystoreUrl, kms, now, onLost: deps.onLost }),
  );
  closers.add(() => keyTree.close());
  const { isFailing, close } = watchStorage([
    { pool, schema: "sealdesk" },
    { pool: keyTree.pool, schema: "keystore" },
  ]);
  closers.add(close);
  return { kms, database, serverKeys, keyTree, isFailing };
}

/** The embedded database must be stopped even if the start is aborted while it is opened. */
function openAndClose(opening: Promise<OpenDatabase>, closers: Closers): Promise<OpenDatabase> {
  closers.add(() =>
    opening.then(
      (database) => database.close(),
      () => undefined,
    ),
  );
  return opening;
}
