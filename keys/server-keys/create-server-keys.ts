import { randomBytes } from "node:crypto";
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { KeysError } from "../keys-error.ts";
import type { Kms } from "../kms/kms.ts";
import type { FirstKeys } from "../kms/local/keyring-file.ts";
import { auditForAll } from "./audit-for-all.ts";
import { insertServerKey } from "./rows.ts";
import {
  SERVER_KEYS_KEK,
  serverKeyContext,
  serverKeyNames,
  type ServerKeyName,
} from "./server-key.ts";

/**
 * Creates the first version of each key, or imports it from an earlier keyring.
 * @throws KeysError keyring_foreign, if the database has customers, because new keys would not find
 *   them
 */
export async function createServerKeys(
  client: Client,
  kms: Kms,
  first: FirstKeys | undefined,
  nowMs: number,
): Promise<void> {
  if (first === undefined && (await hasCustomers(client)))
    throw new KeysError(
      "keyring_foreign",
      "The database has customers, but this keyring is new. Put the keyring.json that belongs to the database into SEALDESK_HOME.",
    );
  await kms.ensureKey(SERVER_KEYS_KEK, "wrapping");
  for (const name of serverKeyNames) {
    const secret = first === undefined ? randomBytes(32) : secretIn(first, name);
    await addVersion(client, kms, { name, version: 1, secret, nowMs });
  }
  await auditForAll(client, {
    by: "server",
    occurredAtMs: nowMs,
    action: "server_keys.create",
    resource: { type: "server_keys", id: "all" },
    outcome: "success",
    details: { imported: first !== undefined },
  });
}

/** Stores another version, wrapped. */
export async function addVersion(
  client: Client,
  kms: Kms,
  made: {
    readonly name: ServerKeyName;
    readonly version: number;
    readonly secret: Uint8Array;
    readonly nowMs: number;
  },
): Promise<void> {
  const { name, version, secret, nowMs } = made;
  const wrapped = await kms.wrap(SERVER_KEYS_KEK, secret, serverKeyContext(name, version));
  await insertServerKey(client, {
    name,
    version,
    provider: kms.name,
    wrappingVersion: wrapped.version,
    wrapped: wrapped.bytes,
    createdAtMs: nowMs,
  });
}

async function hasCustomers(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ has: boolean }>("select has_customers() as has");
  return rows[0]?.has === true;
}

function secretIn(first: FirstKeys, name: ServerKeyName): Uint8Array {
  switch (name) {
    case "tokens":
      return fromBase64Url(first.signingKey.d);
    case "franking":
      return fromBase64Url(first.frankingKey);
    case "blind-index":
      return fromBase64Url(first.blindIndexKey);
  }
}
