import { createHmac } from "node:crypto";
import type { Client } from "../../db/pool.ts";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { Secret } from "../secret.ts";

/**
 * How a customer is found again without storing who they are:
 * `HMAC-SHA-256(blind-index key, tenant || subject)`. The tenant has a fixed width, so no two
 * pairs share an input.
 */
export function subjectIndex(
  blindIndexKey: Secret<Uint8Array>,
  tenant: Uuid,
  subject: string,
): Uint8Array {
  return createHmac("sha256", blindIndexKey.reveal())
    .update(concat(uuidToBytes(tenant), utf8(subject)))
    .digest();
}

/** The customer of that index, made on first sight under `newId`; in a transaction of the tenant. */
export async function findOrCreateCustomer(
  client: Client,
  customer: {
    readonly tenant: Uuid;
    readonly subjectIndex: Uint8Array;
    readonly newId: Uuid;
    /** Milliseconds since the Unix epoch. */
    readonly now: number;
  },
): Promise<{ readonly user: Uuid; readonly created: boolean }> {
  const find = () =>
    client.query<{ id: Uuid }>("select id from users where tenant = $1 and subject_index = $2", [
      customer.tenant,
      customer.subjectIndex,
    ]);
  const [existing] = (await find()).rows;
  if (existing !== undefined) return { user: existing.id, created: false };
  const inserted = await client.query<{ id: Uuid }>(
    `insert into users (id, tenant, role, subject_index, created_at_ms)
     values ($1, $2, 'customer', $3, $4) on conflict (tenant, subject_index) do nothing returning id`,
    [customer.newId, customer.tenant, customer.subjectIndex, customer.now],
  );
  const [made] = inserted.rows;
  if (made !== undefined) return { user: made.id, created: true };
  // Another sign-in of the same customer was first.
  const [first] = (await find()).rows;
  if (first === undefined) throw new Error("a customer vanished between two statements");
  return { user: first.id, created: false };
}
