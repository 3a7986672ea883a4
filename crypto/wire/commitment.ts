import { concat, utf8 } from "./bytes.ts";
import type { HmacSha256 } from "./event.ts";

const label = utf8("sealdesk/commitment/v1");

/**
 * Computes `HMAC-SHA-256(franking key, label || payload)`, which binds a message's sender. For a
 * report, which discloses payload and franking key, the server computes it again. All keys must
 * have the same length, because HMAC pads short ones with zeros. Grubbs, Lu, Ristenpart, "Message
 * Franking via Committing Authenticated Encryption" (2017).
 * @throws RangeError when the key is not 32 bytes long
 */
export function payloadCommitment(
  hmac: HmacSha256,
  frankingKey: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  if (frankingKey.length !== 32) throw new RangeError("A franking key has 32 bytes.");
  return hmac(frankingKey, concat(label, payload));
}
