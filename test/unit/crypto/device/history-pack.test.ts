/** Packs of granted history: what is written is read and nothing else. One pack has fixed bytes. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  packEntry,
  packHead,
  readPack,
  type PackEntry,
} from "../../../../crypto/device/history-pack.ts";
import { concat, toHex } from "../../../../crypto/wire/bytes.ts";
import type { DeviceId, UserId, GrantId } from "../../../../crypto/wire/ids.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const grant = idOf<GrantId>("01890000-0000-7000-8000-0000000000aa");
const user = idOf<UserId>("01890000-0000-7000-8000-0000000000bb");
const device = idOf<DeviceId>("01890000-0000-7000-8000-0000000000cc");

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(bytes: Uint8Array, size = 7, of = grant) {
  const entries: PackEntry[] = [];
  for await (const entry of readPack(of, inPieces(bytes, size))) entries.push(entry);
  return entries;
}

const ofLength = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyMessage = fc.record({
  kind: fc.constant("message" as const),
  message: fc.record({
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    frankingKey: ofLength(32),
    signature: ofLength(64),
  }),
});
const anyAuthor = fc.record({
  kind: fc.constant("author" as const),
  author: fc.record({
    user: fc.constant(user),
    device: fc.constant(device),
    accountKey: ofLength(32),
    deviceKey: ofLength(32),
    identityKey: ofLength(33),
    receiptKey: ofLength(32),
    certificate: ofLength(64),
  }),
});
const anyEntries = fc.array(fc.oneof(anyMessage, anyAuthor), { maxLength: 5 });

describe("a history pack", () => {
  test("gives back its content, arriving in pieces of any size", async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.integer({ min: 1, max: 400 }), async (made, size) => {
        const pack = concat(packHead(grant), ...made.map(packEntry));
        expect((await read(pack, size)).map(plain)).toEqual(made.map(plain));
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  test("is encoded as documented, byte for byte", () => {
    const author = packEntry({
      kind: "author",
      author: {
        user,
        device,
        accountKey: new Uint8Array(32).fill(1),
        deviceKey: new Uint8Array(32).fill(2),
        identityKey: new Uint8Array(33).fill(3),
        receiptKey: new Uint8Array(32).fill(4),
        certificate: new Uint8Array(64).fill(5),
      },
    });
    const message = packEntry({
      kind: "message",
      message: {
        seq: 300,
        payload: Uint8Array.of(1, 2, 3),
        frankingKey: new Uint8Array(32).fill(7),
        signature: new Uint8Array(64).fill(8),
      },
    });
    expect(Buffer.from(packHead(grant)).toString("latin1")).toMatch(/^sealdesk\/history-pack\/v1/);
    expect(toHex(concat(packHead(grant).slice(-16), author, message))).toBe(
      "01890000000070008000" +
        "0000000000aa" + // the grant
        "000000f2" + // 242 bytes follow
        "0aef01" + // an author
        "0a10" +
        "01890000000070008000" +
        "0000000000bb" + // user
        "1210" +
        "01890000000070008000" +
        "0000000000cc" + // device
        ["1a20" + "01".repeat(32), "2220" + "02".repeat(32)].join("") + // account and device key
        ["2a21" + "03".repeat(33), "3220" + "04".repeat(32)].join("") + // identity and receipt key
        "3a40" +
        "05".repeat(64) + // certificate
        "0000006e" + // 110 bytes follow
        "126c" + // a message
        "08ac02" + // seq
        "1203" +
        "010203" + // payload
        "1a20" +
        "07".repeat(32) + // franking key
        "2240" +
        "08".repeat(64), // signature
    );
  });

  test.each([
    ["of another grant", () => [packHead(newId())]],
    ["truncated in its head", () => [packHead(grant).slice(0, -1)]],
    ["truncated in a length", () => [packHead(grant), Uint8Array.of(0, 0)]],
    ["with an empty entry", () => [packHead(grant), new Uint8Array(4)]],
    ["with an entry too large", () => [packHead(grant), Uint8Array.of(255, 0, 0, 0)]],
    ["truncated in an entry", () => [packHead(grant), Uint8Array.of(0, 0, 0, 9, 8)]],
    ["with something else as entry", () => [packHead(grant), Uint8Array.of(0, 0, 0, 2, 255, 255)]],
    ["with author and message in one entry", () => [packHead(grant), both()]],
  ])("%s is refused", async (_name, parts) => {
    await expect(read(concat(...parts()))).rejects.toMatchObject({ code: "malformed_plaintext" });
  });
});

/** The fields of an author and of a message as one entry. */
function both(): Uint8Array {
  const [author, message] = fc
    .sample(fc.tuple(anyAuthor, anyMessage), { seed: 1, numRuns: 1 })[0]!
    .map((made) => packEntry(made).slice(4));
  const length = Uint8Array.of(0, 0, (author!.length + message!.length) >> 8, 0);
  length[3] = (author!.length + message!.length) & 255;
  return concat(length, author!, message!);
}

const plain = (entry: PackEntry) =>
  Object.entries(entry.kind === "author" ? entry.author : entry.message).map(([name, value]) => [
    name,
    typeof value === "object" ? toHex(value) : value,
  ]);
