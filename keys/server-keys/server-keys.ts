import type { KeyObject } from "node:crypto";
import type { Pool } from "../../db/pool.ts";
import { KeysError } from "../keys-error.ts";
import type { Kms } from "../kms/kms.ts";
import type { FirstKeys } from "../kms/local/keyring-file.ts";
import type { Secret } from "../secret.ts";
import { auditForAll } from "./audit-for-all.ts";
import { createServerKeys } from "./create-server-keys.ts";
import { unwrapServerKey, type LiveKey, type TokenKeyPair } from "./live-keys.ts";
import { changingServerKeys, readServerKeys } from "./rows.ts";
import { serverKeyNames, serves, type ServerKeyName, type ServerKeyRow } from "./server-key.ts";

export interface ServerKeysDeps {
  readonly pool: Pool;
  readonly kms: Kms;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Keys of a version 1 keyring, imported if the database has none. */
  readonly firstKeys?: FirstKeys | undefined;
}

/** The time between two searches for an unknown key of a token, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/**
 * The server's own keys, unwrapped, in the memory of this process. The newest key of each name
 * signs and tags. The keys it replaced still verify. `refresh` loads rotations by other processes.
 */
export class ServerKeys {
  readonly #deps: ServerKeysDeps;
  /** The keys by name, newest first. */
  #live: ReadonlyMap<ServerKeyName, readonly LiveKey[]> = new Map();
  #refreshing: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  private constructor(deps: ServerKeysDeps) {
    this.#deps = deps;
  }

  /**
   * Reads and unwraps the keys. On a new database, the first node creates them once.
   * @throws KeysError keyring_foreign, if another keyring or service wrapped them, and the
   *   service's own
   */
  static async open(deps: ServerKeysDeps): Promise<ServerKeys> {
    const { pool, kms, firstKeys, now } = deps;
    if ((await readServerKeys(pool)).length === 0)
      await changingServerKeys(pool, async (client) => {
        if ((await readServerKeys(client)).length === 0)
          await createServerKeys(client, kms, firstKeys, now());
      });
    const keys = new ServerKeys(deps);
    await keys.refresh();
    return keys;
  }

  /** Tags accepted messages: see `frankingTag` in crypto/wire. */
  get frankingKey(): Uint8Array {
    return this.#active("franking").secret.reveal();
  }

  /** Returns every key whose tags are still accepted, active one first. */
  get frankingKeys(): readonly Secret<Uint8Array>[] {
    return this.#serving("franking").map(({ secret }) => secret);
  }

  /** New customers are stored under the first key. Earlier ones may be stored under any of them. */
  get blindIndexKeys(): readonly Secret<Uint8Array>[] {
    return this.#serving("blind-index").map(({ secret }) => secret);
  }

  get blindIndexKey(): Secret<Uint8Array> {
    return this.#active("blind-index").secret;
  }

  get signing(): TokenKeyPair {
    const { pair } = this.#active("tokens");
    if (pair === undefined) throw new Error("a token key is not a pair");
    return pair;
  }

  /** Returns the key with that id. Without an id, the key of tokens from before tokens named it. */
  async verifying(kid: string | undefined): Promise<KeyObject | undefined> {
    const find = () =>
      this.#serving("tokens").find(({ version, pair }) =>
        kid === undefined ? version === 1 : pair?.kid === kid,
      )?.pair?.publicKey;
    const found = find();
    if (found !== undefined || kid === undefined) return found;
    // Another node may have rotated a moment ago. But forged ids must not cause queries.
    if (performance.now() - this.#lookedAtMs < LOOK_AGAIN_MS) return undefined;
    await this.refresh();
    return find();
  }

  /** Reads the table again, unwraps new keys and forgets destroyed ones. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Refreshes every `everyMs` and destroys expired keys.
   * @returns a function that stops it
   */
  keepFresh(everyMs: number, onError: (error: unknown) => void): () => Promise<void> {
    this.#timer = setInterval(() => {
      if (this.#refreshing === undefined) this.refresh().catch(onError);
    }, everyMs);
    this.#timer.unref();
    return async () => {
      clearInterval(this.#timer);
      await this.#refreshing?.catch(() => undefined);
    };
  }

  async #read(): Promise<void> {
    const { pool, now } = this.#deps;
    this.#lookedAtMs = performance.now();
    const rows = await readServerKeys(pool);
    const known = [...this.#live.values()].flat();
    const live = await Promise.all(
      rows.filter((row) => serves(row, now())).map((row) => this.#unwrap(row, known)),
    );
    const byName = new Map(
      serverKeyNames.map((name) => [name, live.filter((key) => key.name === name)]),
    );
    for (const [name, keys] of byName)
      if (keys.length === 0)
        throw new KeysError("kms_key_not_found", `The database has no active key ${name}.`);
    this.#live = byName;
    if (rows.some((row) => row.wrapped !== null && !serves(row, now())))
      await destroyServed(pool, now());
  }

  async #unwrap(row: ServerKeyRow, known: readonly LiveKey[]): Promise<LiveKey> {
    const same = known.find((key) => key.name === row.name && key.version === row.version);
    if (same === undefined) return unwrapServerKey(this.#deps.kms, row);
    return { ...same, servesUntilMs: row.servesUntilMs ?? undefined };
  }

  #serving(name: ServerKeyName): readonly LiveKey[] {
    const nowMs = this.#deps.now();
    return (this.#live.get(name) ?? []).filter(
      ({ servesUntilMs }) => servesUntilMs === undefined || nowMs < servesUntilMs,
    );
  }

  #active(name: ServerKeyName): LiveKey {
    const [newest] = this.#live.get(name) ?? [];
    if (newest === undefined) throw new Error(`the key ${name} was not loaded`);
    return newest;
  }
}

/**
 * Destroys the keys that have expired by the database's clock: their wrapped bytes leave the table. This
 * is audited.
 */
async function destroyServed(pool: Pool, nowMs: number): Promise<void> {
  await changingServerKeys(pool, async (client) => {
    const { rows } = await client.query<{ name: ServerKeyName; version: number }>(
      "select name, version from destroy_expired_server_keys()",
    );
    for (const { name, version } of rows)
      await auditForAll(client, {
        by: "server",
        occurredAtMs: nowMs,
        action: "server_key.destroy",
        resource: { type: "server_key", id: name, version: String(version) },
        outcome: "success",
      });
  });
}
