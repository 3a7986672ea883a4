import { createHash, createHmac } from "node:crypto";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { Secret } from "../../keys/secret.ts";

/**
 * Finds the account of a person whom a provider names, without storing the name: under each key,
 * `HMAC-SHA-256(blind-index key, label || tenant 16 || SHA-256(issuer) || subject)`. Issuer and subject
 * together identify a person for ever (OpenID Connect Core 1.0 section 5.7); an e-mail address does
 * not.
 * @returns the newest index first, under which a new account is stored
 */
export function identityIndexes(
  blindIndexKeys: readonly Secret<Uint8Array>[],
  tenant: TenantId,
  person: { readonly issuer: string; readonly subject: string },
): readonly [Uint8Array, ...Uint8Array[]] {
  const input = concat(
    utf8("sealdesk/oidc-identity/v1"),
    uuidToBytes(tenant),
    createHash("sha256").update(person.issuer).digest(),
    utf8(person.subject),
  );
  const [newest, ...older] = blindIndexKeys.map((key) =>
    createHmac("sha256", key.reveal()).update(input).digest(),
  );
  if (newest === undefined) throw new Error("the server has no blind-index key");
  return [newest, ...older];
}
