import { verifyAuthor } from "../../../crypto/device/authorship.ts";
import { commit, verifyCommitment } from "../../../crypto/device/franking.ts";
import { pad, unpad } from "../../../crypto/device/padding.ts";
import { decodePayload } from "../../../crypto/device/payload.ts";
import { encodePayload, type Payload } from "../../../crypto/wire/payload.ts";
import { hmacSha256, sha256 } from "../../../crypto/device/sodium.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import { authorshipBytes } from "../../../crypto/wire/authorship.ts";
import { frankingTag, linkHash } from "../../../crypto/wire/event.ts";
import { nilId, type AttachmentId, type MessageId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { conversation, device, record, tenant, user } from "./devices.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  hex,
  malleated,
  signedBy,
  unhex,
  uuidOf,
  type Fields,
  type Value,
} from "./format.ts";

const clientMessageId = uuidOf<MessageId>("message");
const context = {
  conversation,
  senderDevice: device,
  epoch: 300,
  clientMessageId,
  lastSeen: { seq: 42, transcriptHash: bytesOf("transcript") },
};

/** Its characters take one to four bytes of UTF-8. */
const text = "Gr\u00fc\u00dfe \u20ac \ud83d\ude42";
export const textPayload: Payload = { ...context, body: { kind: "text", text } };
const payloads: Readonly<Record<string, Payload>> = {
  "a text": textPayload,
  "a text with a byte order mark": { ...context, body: { kind: "text", text: "\ufeffhello" } },
  "an empty text before the first event": {
    ...context,
    epoch: 0,
    lastSeen: { seq: 0, transcriptHash: new Uint8Array(32) },
    body: { kind: "text", text: "" },
  },
  "a text with a head of the key log": {
    ...textPayload,
    keyLogHead: {
      size: 812,
      root: bytesOf("root"),
      signature: bytesOf("signature", 64),
      restores: 0,
    },
  },
  "a text with a head after a restore": {
    ...textPayload,
    keyLogHead: {
      size: 2 ** 40,
      root: bytesOf("root"),
      signature: bytesOf("signature", 64),
      restores: 2,
    },
  },
  "a text with messages that could not be opened": { ...textPayload, unopened: [3, 40, 42] },
  "an attachment": {
    ...context,
    body: {
      kind: "attachment",
      attachment: {
        id: uuidOf<AttachmentId>("attachment"),
        name: "Befund.pdf",
        mediaType: "application/pdf",
        size: 70_000,
        key: bytesOf("attachment key"),
        plaintextDigest: bytesOf("plaintext digest"),
        ciphertextDigest: bytesOf("ciphertext digest"),
        chunkBytes: 65_536,
      },
    },
  },
  "a correction": {
    ...context,
    body: {
      kind: "correction",
      target: { seq: 7, transcriptHash: bytesOf("corrected") },
      text: "Am 3. Mai.",
    },
  },
  "an edit": {
    ...context,
    body: {
      kind: "edit",
      target: { seq: 7, transcriptHash: bytesOf("edited") },
      text: "Am 4. Mai.",
    },
  },
  "a deletion": {
    ...context,
    body: { kind: "deletion", target: { seq: 7, transcriptHash: bytesOf("deleted") } },
  },
  "a device whose store was put back": { ...context, body: { kind: "device_restored", lost: 3 } },
};

/** Writes bytes as hex, and leaves out what is undefined. */
function toFields(value: object): Fields {
  const parts = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]: [string, unknown]): [string, Value] => {
      if (part instanceof Uint8Array) return [name, hex(part)];
      if (Array.isArray(part)) return [name, part as Value[]];
      if (typeof part === "object" && part !== null) return [name, toFields(part)];
      return [name, part as Value];
    });
  return Object.fromEntries(parts);
}

const headerOf = (tag: number) => Uint8Array.of(0x80 | ((tag << 3) & 0x7f), (tag << 3) >> 7);

export function payloadEncodings() {
  const good = encodePayload(textPayload);
  const said = "4772c3bc"; // the beginning of the text
  const replaced = (from: string, to: string) => {
    if (!hex(good).includes(from)) throw new Error("the vector has no such bytes");
    return hex(good).replace(from, to);
  };
  const refused = {
    "a field that is not known": hex(concat(good, headerOf(31), Uint8Array.of(1))),
    "a field twice": hex(concat(Uint8Array.of(8, 1), good)),
    "fields in another order": hex(concat(good.subarray(2), good.subarray(0, 2))),
    "version 2": `0802${hex(good).slice(4)}`,
    "a number with a byte too many": replaced("0801", "088100"),
    "a default that is written": hex(
      concat(
        encodePayload(payloads["an empty text before the first event"]!),
        Uint8Array.of(32, 0),
      ),
    ),
    "a byte missing": hex(good.subarray(0, -1)),
    "a byte too many": hex(concat(good, Uint8Array.of(0))),
    "a text that is not UTF-8": replaced(said, "4772c3ff"),
    "a text in overlong UTF-8": replaced(said, "4772c080"),
    "a conversation of 15 bytes": hex(
      concat(good.subarray(0, 2), Uint8Array.of(18, 15), good.subarray(5)),
    ),
    "a message after the last one that was seen": hex(
      encodePayload({ ...textPayload, unopened: [43] }),
    ),
    "unopened messages in another order": hex(encodePayload({ ...textPayload, unopened: [40, 3] })),
    "two bodies": hex(concat(good, unhex("c201020803"))),
    // The last field is the text: two bytes of key, one of length, and two inside before the text.
    "no body": hex(good.subarray(0, -5 - utf8(text).length)),
  };
  return describeFormat({
    name: "payload",
    defined: "docs/crypto.md#payload",
    accepted: Object.entries(payloads).map(([name, payload]) => ({
      name,
      input: { payload: hex(encodePayload(payload)) },
    })),
    refused: Object.entries(refused).map(([name, payload]) => ({ name, input: { payload } })),
    open: ({ payload }) => toFields(decodePayload(unhex(payload))),
  });
}

export function plaintexts() {
  const frankingKey = bytesOf("franking key");
  const signature = bytesOf("signature", 64);
  const made = (payload: Uint8Array) => ({
    plaintext: hex(pad({ frankingKey, payload, signature })),
    commitment: hex(commit(frankingKey, payload)),
  });
  const payload = encodePayload(textPayload);
  const input = made(payload);
  const changed = (at: number, to: number) => {
    const bytes = unhex(input.plaintext);
    bytes[at] = to;
    return { ...input, plaintext: hex(bytes) };
  };
  const long = made(bytesOf("a long payload", 1000));
  return describeFormat({
    name: "plaintext",
    defined: "docs/crypto.md#padding",
    accepted: [
      { name: "256 bytes", input },
      { name: "512 bytes", input: made(bytesOf("a longer payload", 221)) },
      { name: "2048 bytes", input: made(bytesOf("a long payload", 1000)) },
      { name: "no padding at all", input: made(bytesOf("exact", 256 - 36)) },
    ],
    refused: [
      ...eachFlipped(input, ["commitment"]),
      {
        name: "one bit of the franking key",
        input: changed(67, (frankingKey[3] ?? 0) ^ 1),
      },
      { name: "one bit of the payload", input: changed(104, 0) },
      { name: "padding that is not zero", input: changed(319, 1) },
      { name: "another length", input: changed(99, payload.length + 1) },
      { name: "a length beyond the end", input: changed(96, 1) },
      {
        name: "a larger bucket",
        input: { ...input, plaintext: input.plaintext + "00".repeat(256) },
      },
      { name: "a byte missing", input: { ...long, plaintext: long.plaintext.slice(0, -2) } },
      { name: "99 bytes", input: { ...input, plaintext: input.plaintext.slice(0, 198) } },
      {
        name: "another label",
        input: {
          ...input,
          commitment: hex(hmacSha256(frankingKey, concat(utf8("sealdesk/commitment/v2"), payload))),
        },
      },
    ],
    open({ plaintext, commitment }) {
      const opened = unpad(unhex(plaintext));
      verifyCommitment(opened.frankingKey, opened.payload, unhex(commitment));
      return toFields(opened);
    },
  });
}

export function authorships() {
  const { senderDevice, epoch } = context;
  const signed = { conversation, senderDevice, epoch, clientMessageId };
  const input = {
    tenant,
    user,
    ...signed,
    commitment: hex(bytesOf("commitment")),
    receiptKey: hex(record.receiptKey),
    signature: "",
  };
  const commitment = unhex(input.commitment);
  const other = utf8("sealdesk/message/v2");
  const bytes = authorshipBytes({ tenant, user, ...signed, commitment });
  input.signature = hex(signedBy("receipt", bytes));
  return describeFormat({
    name: "authorship",
    defined: "docs/crypto.md#signature",
    accepted: [{ name: "a message", input }],
    refused: [
      ...eachFlipped(input, Object.keys(input) as (keyof typeof input)[]),
      {
        name: "signed by the device key",
        input: { ...input, signature: hex(signedBy("device", bytes)) },
      },
      {
        name: "another label",
        input: {
          ...input,
          signature: hex(signedBy("receipt", concat(other, bytes.subarray(other.length)))),
        },
      },
      {
        name: "S is not below the order of the group",
        input: { ...input, signature: hex(malleated(unhex(input.signature))) },
      },
    ],
    open({ tenant: of, user: author, commitment: about, receiptKey, signature, ...place }) {
      const named = { tenant: of, user: author, receiptKey: unhex(receiptKey) };
      verifyAuthor(unhex(signature), place, unhex(about), named);
      const whole = { tenant: of, user: author, ...place, commitment: unhex(about) };
      return { signed: hex(authorshipBytes(whole)) };
    },
  });
}

const header = {
  conversation,
  seq: 2 ** 33 + 5,
  kind: "message" as const,
  senderDevice: device,
  epoch: 300,
  keyId: uuidOf("key") as unknown as Uuid,
  clientMessageId,
  receivedAtMs: 1_767_571_200_123,
};

export function frankingTags() {
  const commitment = hex(bytesOf("commitment"));
  const relayKey = hex(bytesOf("relay key"));
  const { seq: _seq, kind: _kind, keyId: _keyId, ...named } = header;
  const tagOf = (of: typeof named, by: string, about: string) =>
    hex(frankingTag(hmacSha256, unhex(by), { ...header, ...of }, unhex(about)));
  const input = { relayKey, commitment, ...named, tag: tagOf(named, relayKey, commitment) };
  return describeFormat({
    name: "franking-tag",
    defined: "docs/crypto.md#commitment-and-franking-tag",
    accepted: [{ name: "a message", input }],
    refused: eachFlipped(input, Object.keys(input) as (keyof typeof input)[]),
    open({ relayKey: by, commitment: about, tag, ...of }) {
      if (tagOf(of, by, about) !== tag) throw new Error("the tag is wrong");
      return { tag };
    },
  });
}

export function transcripts() {
  const parts = {
    previousHash: hex(bytesOf("previous")),
    ...header,
    ciphertextDigest: hex(sha256(utf8("ciphertext"))),
    commitment: hex(bytesOf("commitment")),
  };
  const hashOf = ({ previousHash, ciphertextDigest, commitment, ...of }: typeof parts) =>
    hex(linkHash(sha256, unhex(previousHash), of, unhex(ciphertextDigest), unhex(commitment)));
  const input = { ...parts, transcriptHash: hashOf(parts) };
  const nil = "00000000-0000-0000-0000-000000000000";
  const arrival = {
    ...parts,
    kind: "member_added" as unknown as "message",
    keyId: nil as Uuid,
    clientMessageId: nilId<MessageId>(),
    commitment: "00".repeat(32),
  };
  const flips = Object.keys(input).filter((name) => name !== "kind");
  return describeFormat({
    name: "transcript",
    defined: "docs/crypto.md#transcript-hash",
    accepted: [
      { name: "a message", input },
      { name: "a membership event", input: { ...arrival, transcriptHash: hashOf(arrival) } },
    ],
    refused: [
      ...eachFlipped(input, flips as (keyof typeof input)[]),
      { name: "another kind", input: { ...input, kind: "member_added" as unknown as "message" } },
    ],
    open({ transcriptHash, ...of }) {
      if (hashOf(of) !== transcriptHash) throw new Error("the hash is wrong");
      return { transcriptHash };
    },
  });
}
