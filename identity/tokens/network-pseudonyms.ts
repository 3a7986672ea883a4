import { createHmac, randomBytes } from "node:crypto";
import { NO_TENANT } from "../../audit/logs.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import type { Secret } from "../../keys/secret.ts";

const DAY_MS = 86_400_000;
const PSEUDONYM_BYTES = 16;

const KEEP = "insert into network_salts (day, salt) values ($1, $2) on conflict do nothing";
// The clocks of two nodes may be on different days for a moment, so yesterday's salt stays.
const FORGET = "delete from network_salts where day < $1 - 1";
const READ = "select salt from network_salts where day = $1";

const dayOf = (nowMs: number): number => Math.floor(nowMs / DAY_MS);

/**
 * Pseudonyms of the networks from which sign-ins fail. On one day, a network has the same pseudonym in
 * all entries of a tenant, and another one in the entries of other tenants. So an officer sees that
 * failed sign-ins come from one network, and the log has no address.
 */
export class NetworkPseudonyms {
  readonly #pool: Pool;
  readonly #keys: () => readonly Secret<Uint8Array>[];
  #today: { readonly day: number; readonly salt: Promise<Uint8Array> } | undefined;

  /** @param keys returns keys of the server that every node has. The first is used */
  constructor(pool: Pool, keys: () => readonly Secret<Uint8Array>[]) {
    this.#pool = pool;
    this.#keys = keys;
  }

  /**
   * Returns `HMAC-SHA-256(key of the day, network)`, its first 16 bytes in base64url. The key of the day is
   * `HMAC-SHA-256(key, label || tenant || salt of the day)`. The day is one of UTC. See
   * `forgetSaltsPeriodically` for the end of the salt.
   * @param network an address, or a part of one
   */
  async of(tenant: TenantId, network: string, nowMs: number): Promise<string> {
    const salt = await this.#saltOf(dayOf(nowMs));
    const [key] = this.#keys();
    if (key === undefined) throw new Error("the server has no key for pseudonyms");
    const ofDay = createHmac("sha256", key.reveal())
      .update("sealdesk/network-pseudonym/v1")
      .update(uuidToBytes(tenant))
      .update(salt)
      .digest();
    const pseudonym = createHmac("sha256", ofDay).update(network).digest();
    return toBase64Url(pseudonym.subarray(0, PSEUDONYM_BYTES));
  }

  #saltOf(day: number): Promise<Uint8Array> {
    if (this.#today?.day === day) return this.#today.salt;
    const salt = this.#openDay(day);
    const today = { day, salt };
    this.#today = today;
    salt.catch(() => {
      if (this.#today === today) this.#today = undefined;
    });
    return salt;
  }

  #openDay(day: number): Promise<Uint8Array> {
    return inTransaction(this.#pool, NO_TENANT, async (client) => {
      await client.query(KEEP, [day, randomBytes(32)]);
      const { rows } = await client.query<{ salt: Uint8Array }>(READ, [day]);
      const [row] = rows;
      if (row === undefined) throw new Error("the salt of the day was not stored");
      return row.salt;
    });
  }
}

const EVERY_MS = 3_600_000;

/**
 * Deletes the salts of days that ended a day ago or earlier, now and every hour. Then nobody can compute
 * the pseudonyms of such a day any more.
 * @returns a function that stops the task
 */
export const forgetSaltsPeriodically = (
  { pool, now }: UseCase,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically(
    () => inTransaction(pool, NO_TENANT, (client) => client.query(FORGET, [dayOf(now())])),
    EVERY_MS,
    onError,
  );
