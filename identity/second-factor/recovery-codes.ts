import { hash, randomInt } from "node:crypto";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { digestOf } from "../reconcile/digest-of.ts";

const CODES = 10;
/** The alphabet of Base32 (RFC 4648 section 6), in lower case. 16 of them are 80 bits. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const CHARACTERS = 16;

// A code has 80 random bits, so a plain hash protects it. The code of a person counts only for them.
const hashOf = (code: string): Buffer =>
  hash("sha256", code.toLowerCase().replaceAll(/[\s-]/g, ""), "buffer");

const newCode = (): string =>
  Array.from({ length: CHARACTERS }, () => ALPHABET.charAt(randomInt(ALPHABET.length)))
    .join("")
    .replaceAll(/(.{4})(?=.)/g, "$1-");

/**
 * Gives an account ten recovery codes, such as "k3mf-7qza-…". They are stored only as hashes.
 * @returns the codes, which are shown once, and the SHA-256 of what is stored of each, for the audit log
 */
export async function giveRecoveryCodes(
  client: Client,
  tenant: TenantId,
  user: UserId,
): Promise<{ readonly codes: readonly string[]; readonly digests: readonly string[] }> {
  const codes = Array.from({ length: CODES }, newCode);
  const hashes = codes.map(hashOf);
  await client.query(
    `insert into recovery_codes (tenant, user_id, code_hash)
     select $1, $2, unnest($3::bytea[])`,
    [tenant, user, hashes],
  );
  return { codes, digests: hashes.map(digestOf) };
}

/** Uses a recovery code up. Returns whether the account had it. */
export async function takeRecoveryCode(
  client: Client,
  user: UserId,
  code: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    "delete from recovery_codes where user_id = $1 and code_hash = $2",
    [user, hashOf(code)],
  );
  return rowCount === 1;
}
