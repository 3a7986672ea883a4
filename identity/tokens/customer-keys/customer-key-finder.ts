import type { JWK } from "jose";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { OverloadError } from "../../../db/fairness/overload-error.ts";
import { FairCache } from "../../../policies/fair-cache.ts";
import type { Tenant } from "../../accounts/tenant.ts";
import { fetchInTurn } from "./fetch-turns.ts";
import { keyIn, type FindKey, type FoundKey } from "./find-key.ts";

/** How long a fetched set counts. A key that leaves the set is refused after this time. */
const LIFETIME_MS = 300_000;
/** The shortest time between two fetches for one tenant. It bounds what tokens with made-up names cause. */
const COOLDOWN_MS = 30_000;
/** How long the last set counts if it cannot be fetched again. */
const OUTAGE_MS = 3_600_000;
/** The tenants whose sets are remembered. */
const MOST_SETS = 5_000;

type KeyedTenant = Pick<Tenant, "id" | "customerKeys" | "customerJwksUrl" | "revokedCustomerKids">;

/** What is known of the set at one URL. Times are milliseconds since the Unix epoch. */
interface KnownSet {
  keys: readonly JWK[];
  fetchedAtMs: number;
  triedAtMs: number;
  /** Whether the last fetch failed. */
  hasFailed: boolean;
  fetching: Promise<void> | undefined;
}

/**
 * Finds the keys of customer tokens: those that the operator gave, and those in the set at the tenant's URL.
 * A fetched set counts for five minutes. A key that it lacks causes a new fetch, at most one in 30 seconds for
 * each tenant. If a fetch fails, the last set counts for an hour. A revoked key is never found. While a set is
 * fetched again, one caller waits with a key that it lacked before. Others are refused at once, and try again later.
 */
export class CustomerKeyFinder {
  readonly #fetch: (url: string) => Promise<readonly JWK[]>;
  readonly #onFailed: (tenant: TenantId, error: unknown) => void;
  readonly #sets = new FairCache<KnownSet>(MOST_SETS);

  /**
   * @param deps.fetch returns the keys at a URL, as `fetchKeySet` does
   * @param deps.onFailed is told of each fetch that failed
   */
  constructor(deps: {
    readonly fetch: (url: string) => Promise<readonly JWK[]>;
    readonly onFailed: (tenant: TenantId, error: unknown) => void;
  }) {
    this.#fetch = deps.fetch;
    this.#onFailed = deps.onFailed;
  }

  /**
   * Returns the function that finds the tenant's keys. It throws OverloadError overloaded.
   * @param nowMs milliseconds since the Unix epoch
   */
  of(tenant: KeyedTenant, nowMs: number): FindKey {
    return (kid) => this.#find(tenant, kid, nowMs);
  }

  async #find(tenant: KeyedTenant, kid: unknown, nowMs: number): Promise<FoundKey> {
    const { customerKeys, customerJwksUrl: url, revokedCustomerKids: revoked } = tenant;
    const given = await keyIn(customerKeys)(kid);
    const known = given.refusal === undefined ? [] : given.known;
    if (typeof kid !== "string") return { refusal: "unknown_key", known };
    if (revoked.includes(kid)) return { refusal: "revoked_key", known };
    if (url === null || given.refusal === undefined) return given;
    const keys = await this.#keysAt(tenant.id, url, kid, nowMs);
    if (keys === undefined) return { refusal: "keys_unavailable", known };
    const found = await keyIn({ keys: [...keys] })(kid);
    return found.refusal === undefined ? found : { ...found, known: [...known, ...found.known] };
  }

  /** Returns the keys of the last set that still counts, or undefined if there is none. */
  async #keysAt(
    tenant: TenantId,
    url: string,
    kid: string,
    nowMs: number,
  ): Promise<readonly JWK[] | undefined> {
    const set = this.#setAt(tenant, url);
    const isCurrent = isWithin(set.fetchedAtMs, LIFETIME_MS, nowMs);
    if (isCurrent && set.keys.some((key) => key.kid === kid)) return set.keys;
    const isFirst = set.fetching === undefined;
    if (isFirst && !isWithin(set.triedAtMs, COOLDOWN_MS, nowMs)) {
      set.triedAtMs = nowMs;
      set.fetching = this.#refresh(tenant, url, set, nowMs);
    }
    const isKept = isWithin(set.fetchedAtMs, OUTAGE_MS, nowMs);
    const isNamed = set.keys.some((key) => key.kid === kid);
    // During an outage nobody waits for a server that is likely to be still down.
    if (isKept && isNamed && set.hasFailed) return set.keys;
    // A sign-in that waits holds one of its tenant's few places, and anybody can make up the name of a key. Before
    // the first fetch every name is unknown.
    const isNew = set.fetchedAtMs === -Infinity && !set.hasFailed;
    if (!isFirst && !isNamed && !isNew)
      throw new OverloadError("The keys of this tenant are being fetched; try again later.");
    await set.fetching;
    return isWithin(set.fetchedAtMs, OUTAGE_MS, nowMs) ? set.keys : undefined;
  }

  #setAt(tenant: TenantId, url: string): KnownSet {
    const known = this.#sets.get(tenant, url);
    if (known !== undefined) return known;
    const made = {
      keys: [],
      fetchedAtMs: -Infinity,
      triedAtMs: -Infinity,
      hasFailed: false,
      fetching: undefined,
    };
    this.#sets.set(tenant, url, made);
    return made;
  }

  async #refresh(tenant: TenantId, url: string, set: KnownSet, nowMs: number): Promise<void> {
    try {
      set.keys = await fetchInTurn(tenant, () => this.#fetch(url));
      set.fetchedAtMs = nowMs;
      set.hasFailed = false;
    } catch (error) {
      set.hasFailed = true;
      this.#onFailed(tenant, error);
    } finally {
      set.fetching = undefined;
    }
  }
}

/** A clock that was put back makes nothing current. */
const isWithin = (thenMs: number, spanMs: number, nowMs: number): boolean =>
  Math.abs(nowMs - thenMs) < spanMs;
