import { createKeystorePool, type Pool } from "../../db/pool.ts";
import type { Kms } from "../kms/kms.ts";
import { KeyCache, defaultLifetimes, type Lifetimes, type Owned } from "./key-cache.ts";
import type { KeystoreDeps } from "./keystore-deps.ts";
import { KeystoreWatch } from "./keystore-watch.ts";
import { ScopeKeys, type ScopeKey } from "./scope-keys.ts";
import { SubjectKeys, type SubjectKey } from "./subject-keys.ts";

export interface KeyTreeOptions {
  /** URL of the keystore. The login must be a member of sealdesk_keystore. */
  readonly url: string;
  readonly kms: Kms;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /**
   * Called when notifications of destroyed keys stop. Until they resume, keys are read again at
   * least every second.
   */
  readonly onLost: (error: unknown) => void;
  /** Maximum number of scope keys in memory. The same limit applies to subject keys. */
  readonly capacity?: number;
  readonly lifetimes?: Lifetimes;
}

/** Time between two removals of expired keys from memory, in milliseconds. */
const TIDY_MS = 15_000;

/** The keys of data at rest, as one node uses them. */
export interface KeyTree extends KeystoreDeps {
  readonly subjects: SubjectKeys;
  readonly scopes: ScopeKeys;
  close(): Promise<void>;
}

/**
 * Opens the keystore. The keystore may be unreachable; keys are then unavailable until it can be
 * reached.
 */
export async function openKeyTree(options: KeyTreeOptions): Promise<KeyTree> {
  const { url, kms, now, onLost, capacity, lifetimes = defaultLifetimes } = options;
  const pool: Pool = createKeystorePool(url);
  const deps = { pool, kms, now };
  const monotonic = () => performance.now();
  let watch: KeystoreWatch | undefined;
  const hears = () => watch?.hears() === true;
  const cache = <T extends Owned>() => new KeyCache<T>(monotonic, hears, capacity, lifetimes);
  const bySubject = cache<SubjectKey>();
  const byName = cache<ScopeKey>();
  const byId = cache<ScopeKey>();
  const all = [bySubject, byName, byId];
  let drops = 0;
  const freshness = { generation: () => drops, monotonic };
  watch = await KeystoreWatch.open({
    url,
    monotonic,
    onLost,
    onDestroyed(tenant, subject) {
      drops++;
      for (const held of all) held.dropSubject(tenant, subject);
    },
    onGap() {
      drops++;
      for (const held of all) held.clear();
    },
  });
  const listening = watch;
  const tidying = setInterval(() => {
    for (const held of all) held.dropOld();
  }, TIDY_MS);
  tidying.unref();
  const subjects = new SubjectKeys(deps, bySubject, freshness);
  const scopes = new ScopeKeys(deps, subjects, { ...freshness, byName, byId });
  return {
    ...deps,
    subjects,
    scopes,
    async close() {
      clearInterval(tidying);
      for (const held of all) held.clear();
      await listening.close();
      await pool.end();
    },
  };
}
