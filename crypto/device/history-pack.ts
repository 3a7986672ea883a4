import type { GrantId } from "../wire/ids.ts";
import { concat, equalBytes, utf8 } from "../wire/bytes.ts";
import {
  bytes,
  decode,
  encode,
  fixed,
  message,
  optional,
  uint,
  userId,
  type MessageOf,
} from "../wire/protobuf.ts";
import { uuidToBytes } from "../wire/uuid.ts";
import { WireError } from "../wire/wire-error.ts";
import { DeviceError } from "./device-error.ts";
import { Taker } from "./attachments/taker.ts";

/**
 * A message as a history grant passes it on: the exact bytes of the commitment, with the franking
 * key. It holds no ratchet key, and nothing that the log's own hashes do not cover.
 */
const granted = message({
  seq: [1, uint()],
  /**
   * The user whose device sent it, as the grantor knew it. Certificates of removed devices are not
   * available.
   */
  sender: [2, optional(userId)],
  payload: [3, bytes(64 * 1024)],
  frankingKey: [4, fixed(32)],
});
export type GrantedMessage = MessageOf<typeof granted>;

const largestEntry = 80 * 1024;
const label = utf8("sealdesk/history-pack/v1");
/** Returns the header of every pack of a grant. */
export const packHead = (grant: GrantId): Uint8Array => concat(label, uuidToBytes(grant));

/** One message in a pack: `u32 length || GrantedMessage`, big-endian. */
export function packEntry(entry: GrantedMessage): Uint8Array {
  const encoded = encode(granted, entry);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, encoded.length);
  return concat(length, encoded);
}

/**
 * Reads the messages of a pack from a stream and holds one at a time. It does not check them: the
 * caller compares each message with the log.
 * @throws DeviceError malformed_plaintext; whatever `data` throws
 */
export async function* readPack(
  grant: GrantId,
  data: AsyncIterable<Uint8Array>,
): AsyncGenerator<GrantedMessage, void, undefined> {
  const taker = new Taker(data, () => undefined);
  try {
    const head = packHead(grant);
    if (!equalBytes(await taker.take(head.length), head)) throw malformed();
    for (;;) {
      const prefix = await taker.take(4);
      if (prefix.length === 0) return;
      const length = prefix.length === 4 ? new DataView(prefix.buffer).getUint32(0) : 0;
      if (length === 0 || length > largestEntry) throw malformed();
      const entry = await taker.take(length);
      if (entry.length !== length) throw malformed();
      yield decoded(entry);
    }
  } finally {
    await taker.close();
  }
}

function decoded(entry: Uint8Array): GrantedMessage {
  try {
    return decode(granted, entry);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw malformed(cause);
  }
}

const malformed = (cause?: unknown): DeviceError =>
  new DeviceError("malformed_plaintext", "The history pack does not have the documented form.", {
    cause,
  });
