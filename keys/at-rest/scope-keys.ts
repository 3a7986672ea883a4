import { createSecretKey } from "node:crypto";
import { uuidToBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../keys-error.ts";
import { scopeAssociated } from "./associated.ts";
import { open, type SealingKey } from "./envelope.ts";
import type { Freshness, KeyCache, Owned } from "./key-cache.ts";
import type { KeystoreDeps } from "./keystore-deps.ts";
import { loadOrMakeScopes } from "./load-or-make-scopes.ts";
import { findScopesById, type ScopeRow } from "./scope-rows.ts";
import { nameOf, type Scope } from "./scope.ts";
import type { SubjectKeys } from "./subject-keys.ts";

/** The key of a scope. It is undefined if the key, or its subject's key, is destroyed. */
export interface ScopeKey extends Owned {
  readonly key: SealingKey | undefined;
}

interface Caches extends Freshness {
  readonly byName: KeyCache<ScopeKey>;
  readonly byId: KeyCache<ScopeKey>;
}

const ATTEMPTS = 5;

/**
 * Provides the keys for sealing and opening content. One query loads all requested keys that are
 * not in memory.
 */
export class ScopeKeys {
  readonly #deps: KeystoreDeps;
  readonly #subjects: SubjectKeys;
  readonly #caches: Caches;

  constructor(deps: KeystoreDeps, subjects: SubjectKeys, caches: Caches) {
    this.#deps = deps;
    this.#subjects = subjects;
    this.#caches = caches;
  }

  /** Returns a key from memory, or undefined if it must be loaded from the keystore. */
  held(tenant: TenantId, scope: Scope): ScopeKey | undefined {
    return this.#caches.byName.get(tenant, nameOf(scope));
  }

  /**
   * Returns the keys of `scopes`, in the same order, and creates the missing ones. New keys are
   * stored before this resolves, so a crash cannot lose a key that sealed something.
   * @throws KeysError kms_..., seal_broken
   */
  async forWriting(tenant: TenantId, scopes: readonly Scope[]): Promise<readonly ScopeKey[]> {
    const held = scopes.map((scope) => this.held(tenant, scope));
    const missing = scopes.filter((_, index) => held[index] === undefined);
    if (missing.length === 0) return held as readonly ScopeKey[];
    const load = () => loadOrMakeScopes(this.#deps, this.#subjects, tenant, missing);
    const found = new Map<string, ScopeKey>();
    for (const [row, key] of await this.#settled(tenant, load)) found.set(nameOf(row), key);
    // A key that was not created belongs to a subject whose key is destroyed.
    return scopes.map(
      (scope, index) =>
        held[index] ??
        found.get(nameOf(scope)) ?? { tenant, subject: scope.subject, key: undefined },
    );
  }

  /**
   * Returns the keys with these ids.
   * @throws KeysError key_missing, kms_..., seal_broken
   */
  async forReading(tenant: TenantId, ids: Iterable<Uuid>): Promise<ReadonlyMap<Uuid, ScopeKey>> {
    const found = new Map<Uuid, ScopeKey>();
    const missing: Uuid[] = [];
    for (const id of new Set(ids)) {
      const held = this.#caches.byId.get(tenant, id);
      if (held === undefined) missing.push(id);
      else found.set(id, held);
    }
    if (missing.length === 0) return found;
    const load = () =>
      inTransaction(this.#deps.pool, tenant, (client) => findScopesById(client, missing));
    for (const [row, key] of await this.#settled(tenant, load)) found.set(row.id, key);
    if (missing.some((id) => !found.has(id)))
      throw new KeysError(
        "key_missing",
        "The keystore does not know a key that sealed stored data.",
      );
    return found;
  }

  /**
   * Loads, unwraps and caches keys. Loads them again if keys were dropped in the meantime, because
   * these may be among them.
   */
  async #settled(
    tenant: TenantId,
    load: () => Promise<readonly ScopeRow[]>,
  ): Promise<[ScopeRow, ScopeKey][]> {
    for (let attempt = 1; ; attempt++) {
      const { byName, byId, generation, monotonic } = this.#caches;
      const before = generation();
      const atMs = monotonic();
      const rows = await load();
      const keys = await this.#unwrap(tenant, rows);
      const settled = generation() === before;
      if (!settled && attempt < ATTEMPTS) continue;
      if (settled)
        for (const [row, key] of keys) {
          byName.set(nameOf(row), key, atMs);
          byId.set(row.id, key, atMs);
        }
      return keys;
    }
  }

  async #unwrap(tenant: TenantId, rows: readonly ScopeRow[]): Promise<[ScopeRow, ScopeKey][]> {
    const live = rows.filter(({ wrapped }) => wrapped !== undefined);
    const subjects = await this.#subjects.find(
      tenant,
      live.map(({ subject }) => subject),
    );
    return rows.map((row) => {
      const { id, subject, wrapped } = row;
      const above = subjects.get(subject)?.key;
      if (wrapped === undefined || above === undefined)
        return [row, { tenant, subject, key: undefined }];
      const secret = createSecretKey(open(above, scopeAssociated(tenant, id, row), wrapped));
      return [row, { tenant, subject, key: { id: uuidToBytes(id), secret } }];
    });
  }
}
