import type { GrantId } from "../wire/ids.ts";
import { concat, equalBytes, utf8 } from "../wire/bytes.ts";
import {
  bytes,
  decode,
  encode,
  fixed,
  message,
  nested,
  optional,
  uint,
  type MessageOf,
} from "../wire/protobuf.ts";
import { signatureBytes } from "../wire/key-sizes.ts";
import { uuidToBytes } from "../wire/uuid.ts";
import { WireError } from "../wire/wire-error.ts";
import { certifiedFields, type CertifiedFields } from "./certified-fields.ts";
import { DeviceError } from "./device-error.ts";
import { Taker } from "./attachments/taker.ts";

/**
 * A message as a history grant passes it on: the exact bytes of the commitment, with the franking
 * key and the signature of the sending device. It holds no ratchet key.
 */
const granted = message({
  seq: [1, uint()],
  payload: [2, bytes(64 * 1024)],
  frankingKey: [3, fixed(32)],
  signature: [4, fixed(signatureBytes)],
});
export type GrantedMessage = MessageOf<typeof granted>;

const entry = message({
  author: [1, optional(nested(certifiedFields))],
  message: [2, optional(nested(granted))],
});

/** One entry of a pack. The author of a message is named once in a pack, before their first message. */
export type PackEntry =
  | { readonly kind: "author"; readonly author: CertifiedFields }
  | { readonly kind: "message"; readonly message: GrantedMessage };

/** Size of the largest pack in bytes, well below what servers accept as one attachment. */
export const maxPackBytes = 8 * 1024 * 1024;

const largestEntry = 80 * 1024;
const label = utf8("sealdesk/history-pack/v1");
/** Returns the header of every pack of a grant. */
export const packHead = (grant: GrantId): Uint8Array => concat(label, uuidToBytes(grant));

/** Returns one entry of a pack: `u32 length || Entry`, big-endian. */
export function packEntry(made: PackEntry): Uint8Array {
  const encoded = encode(entry, {
    author: made.kind === "author" ? made.author : undefined,
    message: made.kind === "message" ? made.message : undefined,
  });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, encoded.length);
  return concat(length, encoded);
}

/**
 * Reads the entries of a pack from a stream and holds one at a time. It does not check them: the
 * caller compares each message with the log, and each author with the key log.
 * @throws DeviceError malformed_plaintext; whatever `data` throws
 */
export async function* readPack(
  grant: GrantId,
  data: AsyncIterable<Uint8Array>,
): AsyncGenerator<PackEntry, void, undefined> {
  const taker = new Taker(data, () => undefined);
  try {
    const head = packHead(grant);
    if (!equalBytes(await taker.take(head.length), head)) throw malformed();
    for (;;) {
      const prefix = await taker.take(4);
      if (prefix.length === 0) return;
      const length = prefix.length === 4 ? new DataView(prefix.buffer).getUint32(0) : 0;
      if (length === 0 || length > largestEntry) throw malformed();
      const encoded = await taker.take(length);
      if (encoded.length !== length) throw malformed();
      yield decoded(encoded);
    }
  } finally {
    await taker.close();
  }
}

function decoded(encoded: Uint8Array): PackEntry {
  const { author, message: said } = fieldsOf(encoded);
  if (author !== undefined && said === undefined) return { kind: "author", author };
  if (author === undefined && said !== undefined) return { kind: "message", message: said };
  throw malformed();
}

function fieldsOf(encoded: Uint8Array): MessageOf<typeof entry> {
  try {
    return decode(entry, encoded);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw malformed(cause);
  }
}

const malformed = (cause?: unknown): DeviceError =>
  new DeviceError("malformed_plaintext", "The history pack does not have the documented form.", {
    cause,
  });
