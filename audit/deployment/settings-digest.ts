import { toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import type { Client } from "../../db/pool.ts";
import { nodeChecks } from "../node-checks.ts";

/** A row of `audit.recorded_settings`: what the operator's log last said about a variable. */
export interface KnownSetting {
  readonly name: string;
  readonly tag: Uint8Array;
  readonly shown: string | null;
}

/** Returns the rows of `audit.recorded_settings`. The transaction must be fenced to the operator's log. */
export async function readKnownSettings(client: Client): Promise<readonly KnownSetting[]> {
  const { rows } = await client.query<KnownSetting>(
    "select name, tag, shown from audit.recorded_settings order by name",
  );
  return rows;
}

/**
 * Returns the digest that an entry has of all rows: SHA-256 over their canonical JSON, base64url. It binds the
 * rows to the log, so that nobody can change them there without a trace. A tag is a MAC, so the digest tells
 * nothing about a secret.
 */
export function settingsDigest(rows: readonly KnownSetting[]): string {
  const sorted = rows
    .map(({ name, tag, shown }) => [name, toBase64Url(tag), shown] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return toBase64Url(nodeChecks.sha256(utf8(canonicalJson(sorted))));
}

/** Returns the digest of names of migrations: SHA-256 over their sorted canonical JSON, base64url. */
export const migrationsDigest = (names: readonly string[]): string =>
  toBase64Url(nodeChecks.sha256(utf8(canonicalJson(names.toSorted()))));
