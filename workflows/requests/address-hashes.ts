import { createHmac } from "node:crypto";
import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { Secret } from "../../keys/secret.ts";

/**
 * Finds the requests of an e-mail address without storing it: under each key,
 * `HMAC-SHA-256(blind-index key, label || tenant 16 || address)`. Spellings that mail servers treat alike have one hash: the
 * address is in lower case, in Unicode form NFKC, and without spaces around it.
 * @returns the newest hash first, under which a new request is stored
 */
export function addressHashes(
  blindIndexKeys: readonly Secret<Uint8Array>[],
  tenant: TenantId,
  address: string,
): readonly [Uint8Array, ...Uint8Array[]] {
  const spelling = address.trim().normalize("NFKC").toLowerCase();
  const input = concat(utf8("sealdesk/email-request/v1"), uuidToBytes(tenant), utf8(spelling));
  const [newest, ...older] = blindIndexKeys.map((key) =>
    createHmac("sha256", key.reveal()).update(input).digest(),
  );
  if (newest === undefined) throw new RangeError("there is no blind-index key");
  return [newest, ...older];
}
