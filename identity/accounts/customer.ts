import { createHmac } from "node:crypto";
import type { Client } from "../../db/pool.ts";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { staffRoles } from "../../policies/roles.ts";
import type { Secret } from "../../keys/secret.ts";

/**
 * Finds a customer again without storing who they are: `HMAC-SHA-256(blind-index key, tenant ||
 * subject)`. The tenant has a fixed width, so no two pairs share an input.
 */
function subjectIndex(
  blindIndexKey: Secret<Uint8Array>,
  tenant: TenantId,
  subject: string,
): Uint8Array {
  return createHmac("sha256", blindIndexKey.reveal())
    .update(concat(uuidToBytes(tenant), utf8(subject)))
    .digest();
}

/**
 * The indexes of a customer, one for each key that indexes were made with. The first one is for new
 * customers.
 */
export type SubjectIndexes = readonly [Uint8Array, ...Uint8Array[]];

export function subjectIndexes(
  blindIndexKeys: readonly Secret<Uint8Array>[],
  tenant: TenantId,
  subject: string,
): SubjectIndexes {
  const [newest, ...older] = blindIndexKeys;
  if (newest === undefined) throw new RangeError("there is no blind-index key");
  return [
    subjectIndex(newest, tenant, subject),
    ...older.map((key) => subjectIndex(key, tenant, subject)),
  ];
}

/** Returns the customer of one of those indexes, if there is one. */
export async function findCustomer(
  client: Client,
  { tenant, subjectIndexes: indexes }: CustomerIndexes,
): Promise<UserId | undefined> {
  const { rows } = await client.query<{ id: UserId }>(
    `select id from users where tenant = $1 and subject_index = any($2) and not role = any($3::text[])
     order by array_position($2, subject_index) limit 1`,
    [tenant, indexes, staffRoles],
  );
  return rows[0]?.id;
}

interface CustomerIndexes {
  readonly tenant: TenantId;
  readonly subjectIndexes: SubjectIndexes;
}

/**
 * Returns the customer of one of those indexes. Creates it, with the role that the database gives, under `newId` at the first sign-in. Call
 * it in a transaction of the tenant.
 */
export async function findOrCreateCustomer(
  client: Client,
  customer: CustomerIndexes & {
    readonly newId: UserId;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
  },
): Promise<{ readonly user: UserId; readonly created: boolean }> {
  const existing = await findCustomer(client, customer);
  if (existing !== undefined) return { user: existing, created: false };
  const inserted = await client.query<{ id: UserId }>(
    `insert into users (id, tenant, subject_index, created_at_ms)
     values ($1, $2, $3, $4) on conflict (tenant, subject_index) do nothing returning id`,
    [customer.newId, customer.tenant, customer.subjectIndexes[0], customer.nowMs],
  );
  const [made] = inserted.rows;
  if (made !== undefined) return { user: made.id, created: true };
  // Another sign-in of the same customer was faster.
  const first = await findCustomer(client, customer);
  if (first === undefined) throw new Error("a customer vanished between two statements");
  return { user: first, created: false };
}
