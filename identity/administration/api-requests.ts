import { createHmac } from "node:crypto";
import { NO_TENANT } from "../../audit/logs.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import { IdentityError } from "../identity-error.ts";

/** How long the answer of a request is kept. */
const KEPT_MS = 24 * 3_600_000;

/** The key of a request. */
export interface RequestKey {
  readonly id: string;
  /** The tenant of the key. The nil id for a key of the operator. */
  readonly tenant: TenantId;
}

/** A request that is carried out once, however often it is sent. */
export interface OnceRequest {
  /** The header Idempotency-Key. */
  readonly idempotencyKey: string;
  /** The method, the path and the body. Another request with the same key is refused. */
  readonly content: string;
}

/** The answer of a route. */
export interface KeyAnswer {
  readonly status: number;
  readonly body?: unknown;
}

interface StoredRequest {
  readonly requestHash: Uint8Array;
  readonly status: number | null;
  readonly answer: unknown;
}

/**
 * Requests by their Idempotency-Key. What is stored of a request is an HMAC, because a body can hold a password.
 */
export class ApiRequests {
  readonly #pool: Pool;
  readonly #keys: () => readonly Secret<Uint8Array>[];

  /** @param keys returns keys of the server that every node has, the newest first */
  constructor(pool: Pool, keys: () => readonly Secret<Uint8Array>[]) {
    this.#pool = pool;
    this.#keys = keys;
  }

  /**
   * Returns the stored answer, or undefined if there was no such request within the last 24 hours.
   * @throws IdentityError idempotency_key_reused, request_unanswered
   */
  async find(
    key: RequestKey,
    { idempotencyKey, content }: OnceRequest,
    nowMs: number,
  ): Promise<KeyAnswer | undefined> {
    const hashes = this.#hashes("key", `${key.id} ${idempotencyKey}`);
    const stored = await inTransaction(this.#pool, key.tenant, async (client) => {
      const { rows } = await client.query<StoredRequest>(
        `select request_hash as "requestHash", status, answer from ${tableOf(key)}
         where api_key = $1 and idempotency_hash = any($2::bytea[]) and created_at_ms > $3`,
        [key.id, hashes, nowMs - KEPT_MS],
      );
      return rows[0];
    });
    if (stored === undefined) return undefined;
    const isSame = this.#hashes("request", content).some((hash) => hash.equals(stored.requestHash));
    if (!isSame)
      throw new IdentityError(
        "idempotency_key_reused",
        "Another request had this Idempotency-Key within the last 24 hours. Choose another key.",
      );
    if (stored.status === null) throw unanswered();
    return { status: stored.status, body: stored.answer ?? undefined };
  }

  /**
   * Notes in the transaction of the act that the request is carried out. It waits while the same request is
   * carried out elsewhere.
   * @throws IdentityError request_unanswered, if it was
   */
  async claim(
    client: Client,
    key: RequestKey,
    { idempotencyKey, content }: OnceRequest,
    nowMs: number,
  ): Promise<void> {
    const hashes = this.#hashes("key", `${key.id} ${idempotencyKey}`);
    const [requestHash] = this.#hashes("request", content);
    const table = tableOf(key);
    await client.query(`delete from ${table} where api_key = $1 and created_at_ms <= $2`, [
      key.id,
      nowMs - KEPT_MS,
    ]);
    // While the keys of the server rotate, another node may have stored the request under another one. Acts of an
    // API key wait for each other, so none is stored between the two halves of this statement.
    const { rowCount } = await client.query(
      `insert into ${table} (api_key, idempotency_hash, request_hash, created_at_ms)
       select $1, $2, $3, $4
       where not exists (select from ${table} where api_key = $1 and idempotency_hash = any($5::bytea[]))
       on conflict do nothing`,
      [key.id, hashes[0], requestHash, nowMs, hashes],
    );
    if (rowCount === 0) throw unanswered();
  }

  /** Stores the answer of a request that was carried out. */
  async answer(
    key: RequestKey,
    { idempotencyKey }: OnceRequest,
    { status, body }: KeyAnswer,
  ): Promise<void> {
    const hashes = this.#hashes("key", `${key.id} ${idempotencyKey}`);
    await inTransaction(this.#pool, key.tenant, (client) =>
      client.query(
        `update ${tableOf(key)} set status = $3, answer = $4
         where api_key = $1 and idempotency_hash = any($2::bytea[])`,
        [key.id, hashes, status, body === undefined ? null : JSON.stringify(body)],
      ),
    );
  }

  #hashes(what: "key" | "request", content: string): readonly Buffer[] {
    return this.#keys().map((key) =>
      createHmac("sha256", key.reveal())
        .update(`sealdesk/api-request/v1\0${what}\0${content}`)
        .digest(),
    );
  }
}

const tableOf = ({ tenant }: RequestKey): string =>
  tenant === NO_TENANT ? "operator_requests" : "api_requests";

const unanswered = (): IdentityError =>
  new IdentityError(
    "request_unanswered",
    "This request is being carried out, or its answer is lost. Repeat it in a moment. If this stays, read what is stored.",
  );
