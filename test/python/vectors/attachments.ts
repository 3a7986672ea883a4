import { openAttachment } from "../../../crypto/device/attachments/open-attachment.ts";
import { paddedSize } from "../../../crypto/device/attachments/padded-size.ts";
import { attachmentContext } from "../../../crypto/device/attachments/seal-attachment.ts";
import {
  blockBytes,
  StreamRatchet,
  tags,
} from "../../../crypto/device/attachments/stream-ratchet.browser.ts";
import { readPack, packEntry, packHead } from "../../../crypto/device/history-pack.ts";
import { encodePayload } from "../../../crypto/wire/payload.ts";
import { sha256 } from "../../../crypto/device/sodium.ts";
import { concat } from "../../../crypto/wire/bytes.ts";
import type { AttachmentId, GrantId } from "../../../crypto/wire/ids.ts";
import { deviceRecordBytes } from "../../../crypto/wire/signed-records.ts";
import { record } from "./devices.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  flipped,
  hex,
  signedBy,
  unhex,
  uuidOf,
} from "./format.ts";
import { textPayload } from "./messages.ts";

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Seals like libsodium's secretstream, with a header that is the same in every run. */
function sealed(
  content: Uint8Array,
  id: AttachmentId,
  key: Uint8Array,
  chunkBytes: number,
  tagOf: (isLast: boolean) => number = (isLast) => (isLast ? tags.final : tags.message),
): Uint8Array {
  const header = bytesOf("secretstream header", 24);
  const ratchet = new StreamRatchet(key, header);
  const parts = [header];
  for (let at = 0; at < content.length; at += chunkBytes) {
    const first = new Uint8Array(blockBytes);
    const tag = tagOf(at + chunkBytes >= content.length);
    first[0] = tag;
    const tagBlock = ratchet.xor(first, 1);
    const chunk = ratchet.xor(content.subarray(at, at + chunkBytes), 2);
    const mac = ratchet.mac(attachmentContext(id), tagBlock, chunk);
    ratchet.advance(mac, tag);
    parts.push(tagBlock.subarray(0, 1), chunk, mac);
  }
  return concat(...parts);
}

function inputOf(
  plaintext: Uint8Array,
  options: { readonly pad?: number; readonly tag?: number } = {},
) {
  const id = uuidOf<AttachmentId>("attachment");
  const key = bytesOf("attachment key");
  const chunkBytes = 4096;
  const content = new Uint8Array(paddedSize(plaintext.length)).fill(options.pad ?? 0);
  content.set(plaintext);
  const { tag } = options;
  const uploaded = sealed(content, id, key, chunkBytes, tag === undefined ? undefined : () => tag);
  return {
    id,
    size: plaintext.length,
    key: hex(key),
    plaintextDigest: hex(sha256(plaintext)),
    ciphertextDigest: hex(sha256(uploaded)),
    chunkBytes,
    uploaded: hex(uploaded),
  };
}

export function attachments() {
  const input = inputOf(bytesOf("content", 5000));
  const uploaded = unhex(input.uploaded);
  /** What was uploaded is another, and the message names its digest. */
  const instead = (other: Uint8Array) => ({
    ...input,
    uploaded: hex(other),
    ciphertextDigest: hex(sha256(other)),
  });
  const [header, first, rest] = [
    uploaded.subarray(0, 24),
    uploaded.subarray(24, 24 + 4096 + 17),
    uploaded.subarray(24 + 4096 + 17),
  ];
  const at = (fraction: number) => unhex(flipped(input.uploaded, fraction) as string);
  return describeFormat({
    name: "attachment",
    defined: "docs/crypto.md#attachments",
    accepted: [
      { name: "two chunks", input },
      { name: "empty", input: inputOf(new Uint8Array(0)) },
      { name: "one byte", input: inputOf(Uint8Array.of(7)) },
      { name: "exactly one chunk", input: inputOf(bytesOf("a chunk", 4096)) },
      {
        name: "a length whose padding is not a multiple of 16",
        input: inputOf(bytesOf("odd", 1025)),
      },
    ],
    refused: [
      ...eachFlipped(input, ["id", "key", "plaintextDigest", "ciphertextDigest", "uploaded"]),
      { name: "one bit of the header", input: instead(at(0)) },
      { name: "one bit of a chunk", input: instead(at(0.3)) },
      { name: "one bit of the last chunk", input: instead(at(1)) },
      { name: "the last chunk missing", input: instead(concat(header, first)) },
      { name: "chunks in another order", input: instead(concat(header, rest, first)) },
      { name: "a byte more", input: instead(concat(uploaded, Uint8Array.of(0))) },
      { name: "a byte less", input: instead(uploaded.subarray(0, -1)) },
      { name: "padding that is not zero", input: inputOf(bytesOf("content", 5000), { pad: 1 }) },
      { name: "no final tag", input: inputOf(bytesOf("content", 1000), { tag: tags.message }) },
      { name: "a tag that is not used", input: inputOf(bytesOf("content", 1000), { tag: 1 }) },
      {
        name: "a final tag before the end",
        input: inputOf(bytesOf("content", 5000), { tag: tags.final }),
      },
      { name: "another size", input: { ...input, size: input.size + 1 } },
      { name: "chunks of less than 4 KiB", input: { ...input, chunkBytes: 4095 } },
      { name: "chunks of more than 1 MiB", input: { ...input, chunkBytes: 1024 * 1024 + 1 } },
    ],
    async open({ key, plaintextDigest, ciphertextDigest, uploaded: all, ...of }) {
      const named = {
        ...of,
        key: unhex(key),
        plaintextDigest: unhex(plaintextDigest),
        ciphertextDigest: unhex(ciphertextDigest),
      };
      const parts: Uint8Array[] = [];
      for await (const part of openAttachment(named, inOnePiece(unhex(all)))) parts.push(part);
      return { plaintext: hex(concat(...parts)), padded: paddedSize(named.size) };
    },
  });
}

export function historyPacks() {
  const grant = uuidOf<GrantId>("grant");
  const message = {
    seq: 41,
    payload: encodePayload(textPayload),
    frankingKey: bytesOf("franking key"),
    signature: bytesOf("signature", 64),
  };
  const { tenant: _tenant, ...keys } = record;
  const certificate = signedBy("device", deviceRecordBytes(record));
  const author = packEntry({ kind: "author", author: { ...keys, certificate } });
  const entryOf = (changes: Partial<typeof message>) =>
    packEntry({ kind: "message", message: { ...message, ...changes } });
  const head = packHead(grant);
  const pack = concat(head, author, entryOf({}), entryOf({ seq: 42 }));
  const input = { grant, pack: hex(pack) };
  const instead = (...parts: readonly Uint8Array[]) => ({ grant, pack: hex(concat(...parts)) });
  const label = (version: number) => hex(Buffer.from(`history-pack/v${version}`));
  return describeFormat({
    name: "history-pack",
    defined: "docs/crypto.md#history-grants",
    accepted: [
      { name: "two messages of one author", input },
      { name: "no messages", input: instead(head) },
    ],
    refused: [
      ...eachFlipped(input, ["grant"]),
      { name: "a byte missing", input: instead(pack.subarray(0, -1)) },
      { name: "a byte more", input: instead(pack, Uint8Array.of(0)) },
      { name: "an entry of no bytes", input: instead(pack, new Uint8Array(4)) },
      { name: "another label", input: { grant, pack: input.pack.replace(label(1), label(2)) } },
      {
        name: "a franking key of 31 bytes",
        input: instead(head, entryOf({ frankingKey: bytesOf("short", 31) })),
      },
      {
        name: "a signature of 63 bytes",
        input: instead(head, entryOf({ signature: bytesOf("short", 63) })),
      },
      {
        name: "an author and a message in one entry",
        input: instead(
          head,
          Uint8Array.of(0, 0, (author.length + entryOf({}).length - 8) >> 8),
          Uint8Array.of((author.length + entryOf({}).length - 8) & 255),
          author.subarray(4),
          entryOf({}).subarray(4),
        ),
      },
    ],
    async open({ grant: of, pack: all }) {
      const found: string[] = [];
      for await (const each of readPack(of, inOnePiece(unhex(all))))
        if (each.kind === "author") found.push(`${each.author.user} ${each.author.device}`);
        else {
          const { seq, payload, frankingKey, signature } = each.message;
          found.push([seq, hex(payload), hex(frankingKey), hex(signature)].join(" "));
        }
      return { found };
    },
  });
}
