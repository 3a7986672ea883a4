import type { KeyObject } from "node:crypto";
import type { Pool } from "../../db/pool.ts";
import { KeysError } from "../keys-error.ts";
import type { Kms } from "../kms/kms.ts";
import type { FirstKeys } from "../kms/local/keyring-file.ts";
import type { Secret } from "../secret.ts";
import type { TokenKeys } from "../tokens/access-token.ts";
import { destroyServed } from "./destroy-served.ts";
import { foundServerKeys } from "./found-server-keys.ts";
import { unwrapServerKey, type LiveKey, type TokenKeyPair } from "./live-keys.ts";
import { changingServerKeys, readServerKeys } from "./rows.ts";
import { serverKeyNames, serves, type ServerKeyName, type ServerKeyRow } from "./server-key.ts";

export interface ServerKeysDeps {
  readonly pool: Pool;
  readonly kms: Kms;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Keys of a keyring of version 1, taken over when the database has none. */
  readonly firstKeys?: FirstKeys | undefined;
}

/** Between two looks for a token's unknown key, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/**
 * The server's own keys, unwrapped, in this process's memory: the newest of each name makes, those
 * it replaced still check. Other processes' rotations are seen by `refresh`.
 */
export class ServerKeys implements TokenKeys {
  readonly #deps: ServerKeysDeps;
  /** By name, the newest first. */
  #live: ReadonlyMap<ServerKeyName, readonly LiveKey[]> = new Map();
  #refreshing: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  private constructor(deps: ServerKeysDeps) {
    this.#deps = deps;
  }

  /**
   * Reads and unwraps them; on a new database makes them, once, whichever node is first.
   * @throws KeysError keyring_foreign when they were wrapped by another keyring or service, and the
   * service's own
   */
  static async open(deps: ServerKeysDeps): Promise<ServerKeys> {
    const { pool, kms, firstKeys, now } = deps;
    if ((await readServerKeys(pool)).length === 0)
      await changingServerKeys(pool, async (client) => {
        if ((await readServerKeys(client)).length === 0)
          await foundServerKeys(client, kms, firstKeys, now());
      });
    const keys = new ServerKeys(deps);
    await keys.refresh();
    return keys;
  }

  /** Tags accepted messages: see `frankingTag` in crypto/wire. */
  get frankingKey(): Uint8Array {
    return this.#active("franking").secret.reveal();
  }

  /** Every key whose tags are still believed, the active one first. */
  get frankingKeys(): readonly Secret<Uint8Array>[] {
    return this.#serving("franking").map(({ secret }) => secret);
  }

  /** Under the first a customer is stored; under any they may have been. */
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

  /** The key of that id; without one, that of tokens from before they named it. */
  async verifying(kid: string | undefined): Promise<KeyObject | undefined> {
    const find = () =>
      this.#serving("tokens").find(({ version, pair }) =>
        kid === undefined ? version === 1 : pair?.kid === kid,
      )?.pair?.publicKey;
    const found = find();
    if (found !== undefined || kid === undefined) return found;
    // Another node may have rotated just now; forged ids must not become queries.
    if (performance.now() - this.#lookedAtMs < LOOK_AGAIN_MS) return undefined;
    await this.refresh();
    return find();
  }

  /** Reads the table again, unwraps what is new, and forgets what is destroyed. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Refreshes every `everyMs`, and destroys keys whose time is over. @returns what ends it */
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
        throw new KeysError("kms_key_not_found", `The database has no key ${name} that serves.`);
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
