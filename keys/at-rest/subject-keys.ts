import { createSecretKey, randomBytes } from "node:crypto";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import { requesterIn } from "../../db/fairness/requester.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../keys-error.ts";
import type { WrappedKey } from "../kms/kms.ts";
import { subjectContext } from "./associated.ts";
import { ensureKek } from "./ensure-kek.ts";
import type { SealingKey } from "./envelope.ts";
import { inBatches } from "./in-batches.ts";
import type { Freshness, KeyCache, Owned } from "./key-cache.ts";
import { kekOf, type KeystoreDeps } from "./keystore-deps.ts";
import { findSubjects, insertSubjects } from "./subject-rows.ts";

/** The key of a data subject. `key` is undefined if it is destroyed. */
export interface SubjectKey extends Owned {
  readonly key: SealingKey | undefined;
  /** The wrapped form that the key was unwrapped from. */
  readonly wrapped: WrappedKey | undefined;
}

/** Number of concurrent requests to the key-management service, for one call and for all. */
const PARALLEL = 16;
const PARALLEL_IN_ALL = 24;
const ATTEMPTS = 3;

/**
 * Provides the keys of data subjects. The key-management service unwraps them, and they are cached
 * for a limited time.
 */
export class SubjectKeys {
  readonly #deps: KeystoreDeps;
  readonly #cache: KeyCache<SubjectKey>;
  readonly #freshness: Freshness;
  readonly #ensured = new Set<TenantId>();
  /** Tenants and accounts use the key-management service in turn. */
  readonly #requests = new FairSemaphore(fairPlaces(PARALLEL_IN_ALL, PARALLEL_IN_ALL));

  constructor(deps: KeystoreDeps, cache: KeyCache<SubjectKey>, freshness: Freshness) {
    this.#deps = deps;
    this.#cache = cache;
    this.#freshness = freshness;
  }

  /**
   * Returns the keys of those `subjects` that ever had one.
   * @throws KeysError kms_...
   */
  async find(tenant: TenantId, subjects: Iterable<UserId>): Promise<Map<UserId, SubjectKey>> {
    const found = new Map<UserId, SubjectKey>();
    const missing: UserId[] = [];
    for (const subject of new Set(subjects)) {
      const held = this.#cache.get(tenant, subject);
      if (held === undefined) missing.push(subject);
      else found.set(subject, held);
    }
    if (missing.length > 0)
      for (const key of await this.#load(tenant, missing)) found.set(key.subject, key);
    return found;
  }

  /** Like `find`, but creates keys for subjects that never had one. */
  async findOrMake(
    tenant: TenantId,
    subjects: readonly UserId[],
  ): Promise<Map<UserId, SubjectKey>> {
    const found = await this.find(tenant, subjects);
    const missing = [...new Set(subjects)].filter((subject) => !found.has(subject));
    if (missing.length === 0) return found;
    await this.#ensureKek(tenant);
    await this.#make(tenant, missing.toSorted());
    // Another node may have been first, so read what the keystore holds.
    for (const [subject, key] of await this.find(tenant, missing)) found.set(subject, key);
    return found;
  }

  async #load(tenant: TenantId, subjects: readonly UserId[], attempt = 1): Promise<SubjectKey[]> {
    const { pool } = this.#deps;
    const { generation, monotonic } = this.#freshness;
    const before = generation();
    const atMs = monotonic();
    const rows = await inTransaction(pool, tenant, (client) => findSubjects(client, subjects));
    try {
      return await inBatches(rows, PARALLEL, async ({ subject, wrapped }) => {
        // While notifications may be missed, the row is read again at least every second. If it has
        // not changed, the key-management service is not asked again.
        const known = this.#cache.unconfirmed(tenant, subject);
        if (wrapped && known && isSame(known.value.wrapped, wrapped)) {
          if (generation() === before) this.#cache.set(subject, known.value, atMs, known.sinceMs);
          return known.value;
        }
        const key = wrapped && (await this.#unwrap(tenant, subject, wrapped));
        const held = { tenant, subject, key, wrapped };
        if (generation() === before) this.#cache.set(subject, held, atMs);
        return held;
      });
    } catch (error) {
      // The key was rewrapped after the row was read. Read the row again.
      const isOld = error instanceof KeysError && error.code === "kms_key_destroyed";
      if (!isOld || attempt === ATTEMPTS) throw error;
      return this.#load(tenant, subjects, attempt + 1);
    }
  }

  async #unwrap(tenant: TenantId, subject: UserId, wrapped: WrappedKey): Promise<SealingKey> {
    const context = subjectContext(tenant, subject);
    const secret = await this.#requests.run(requesterIn(tenant), () =>
      this.#deps.kms.unwrap(kekOf(tenant), wrapped, context),
    );
    return { id: uuidToBytes(subject), secret: createSecretKey(secret) };
  }

  /**
   * @param subjects in the same order on all nodes, because inserts in different orders would
   *   deadlock
   */
  async #make(tenant: TenantId, subjects: readonly UserId[]): Promise<void> {
    const { pool, kms, now } = this.#deps;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const made = await inBatches(subjects, PARALLEL, async (subject) => {
        const context = subjectContext(tenant, subject);
        const wrap = () => kms.wrap(kekOf(tenant), randomBytes(32), context);
        return { subject, wrapped: await this.#requests.run(requesterIn(tenant), wrap) };
      });
      const stored = await inTransaction(pool, tenant, (client) =>
        insertSubjects(client, tenant, made, now()),
      );
      if (stored) return;
    }
    throw new KeysError("kms_refused", "The key-management service wraps under an old version.");
  }

  async #ensureKek(tenant: TenantId): Promise<void> {
    if (this.#ensured.has(tenant)) return;
    await ensureKek(this.#deps, tenant);
    this.#ensured.add(tenant);
  }
}

const isSame = (a: WrappedKey | undefined, b: WrappedKey): boolean =>
  a?.version === b.version && equalBytes(a.bytes, b.bytes);
