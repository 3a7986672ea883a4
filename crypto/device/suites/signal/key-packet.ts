import { concat, equalBytes } from "../../../wire/bytes.ts";
import { uuidToBytes, type Uuid } from "../../../wire/uuid.ts";
import { SuiteError } from "../../suite.ts";
import type { ConversationEpoch } from "./store-names.ts";

/**
 * The length of a key packet's prefix. The packet is encrypted pairwise, and its content is:
 * version 1 || conversation 16 || epoch, u32 || key id 16 || sender key distribution message.
 */
const prefixBytes = 37;

function prefix(place: ConversationEpoch, keyId: Uuid): Uint8Array {
  const epoch = new Uint8Array(4);
  new DataView(epoch.buffer).setUint32(0, place.epoch);
  return concat(Uint8Array.of(1), uuidToBytes(place.conversation), epoch, uuidToBytes(keyId));
}

export const encodeKeyPacket = (
  place: ConversationEpoch,
  keyId: Uuid,
  distribution: Uint8Array,
): Uint8Array => concat(prefix(place, keyId), distribution);

/**
 * Returns the distribution message of a packet that was made for exactly this place and key. The
 * pairwise encryption binds neither.
 * @throws SuiteError undecryptable
 */
export function openKeyPacket(
  place: ConversationEpoch,
  keyId: Uuid,
  plaintext: Uint8Array,
): Uint8Array {
  if (!equalBytes(plaintext.subarray(0, prefixBytes), prefix(place, keyId)))
    throw new SuiteError("undecryptable", "The key packet was made for another place or key.");
  return plaintext.subarray(prefixBytes);
}
