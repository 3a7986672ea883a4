import { randomBytes } from "node:crypto";
import { utf8 } from "../crypto/wire/bytes.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Client } from "../db/pool.ts";
import { nodeChecks } from "./node-checks.ts";
import { personalHash } from "./verify/personal-hash.ts";

/** Personal data that belongs to an entry. The entry itself holds only salted hashes. */
export interface PersonalFields {
  /** The person the data is about. */
  readonly subject: UserId;
  readonly values: Readonly<Record<string, string>>;
  /** Encrypts a value at rest under the subject's key. */
  readonly seal: (subject: UserId, value: Uint8Array) => Promise<Uint8Array>;
}

/** Returns the hashes by field for the entry, and the side rows that explain them. */
export function saltFields({ values }: PersonalFields) {
  const rows = Object.entries(values).map(([field, value]) => ({
    field,
    value,
    salt: randomBytes(16),
  }));
  const hashes = rows.map((row) => [row.field, personalHash(nodeChecks.sha256, row)] as const);
  return { rows, hashes: Object.fromEntries(hashes) };
}

/** Writes the side rows of one entry, in the same transaction as the entry. */
export async function keepPersonalFields(
  client: Client,
  entry: { readonly tenant: TenantId; readonly event: Uuid },
  { subject, seal }: PersonalFields,
  rows: ReturnType<typeof saltFields>["rows"],
): Promise<void> {
  for (const { field, value, salt } of rows)
    await client.query(
      `insert into audit.personal_fields (tenant, event, field, salt, value, subject)
       values ($1, $2, $3, $4, $5, $6)`,
      [entry.tenant, entry.event, field, salt, await seal(subject, utf8(value)), subject],
    );
}

/**
 * Erases what entries say about a person. No entry changes, and the log still verifies.
 * @returns how many fields were erased
 */
export async function erasePersonalFields(
  client: Client,
  tenant: TenantId,
  subject: UserId,
): Promise<number> {
  const { rowCount } = await client.query(
    "delete from audit.personal_fields where tenant = $1 and subject = $2",
    [tenant, subject],
  );
  return rowCount ?? 0;
}
