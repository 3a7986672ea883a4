/** Packs of granted history: what is written is read and nothing else. One pack has fixed bytes. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  packEntry,
  packHead,
  readPack,
  type GrantedMessage,
} from "../../../../crypto/device/history-pack.ts";
import { concat, toHex } from "../../../../crypto/wire/bytes.ts";
import type { UserId, GrantId } from "../../../../crypto/wire/ids.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const grant = idOf<GrantId>("01890000-0000-7000-8000-0000000000aa");
const sender = idOf<UserId>("01890000-0000-7000-8000-0000000000bb");

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(bytes: Uint8Array, size = 7, of = grant) {
  const entries: GrantedMessage[] = [];
  for await (const entry of readPack(of, inPieces(bytes, size))) entries.push(entry);
  return entries;
}

const anyEntries = fc.array(
  fc.record({
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    sender: fc.constantFrom(sender, undefined),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    frankingKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  { maxLength: 5 },
);

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
    const entry = packEntry({
      seq: 300,
      sender,
      payload: Uint8Array.of(1, 2, 3),
      frankingKey: new Uint8Array(32).fill(7),
    });
    expect(Buffer.from(packHead(grant)).toString("latin1")).toMatch(/^sealdesk\/history-pack\/v1/);
    expect(toHex(concat(packHead(grant).slice(-16), entry))).toBe(
      "01890000000070008000" +
        "0000000000aa" + // the grant
        "0000003c" + // 60 bytes follow
        "08ac02" + // seq
        "1210" +
        "01890000000070008000" +
        "0000000000bb" + // sender
        "1a03" +
        "010203" + // payload
        "2220" +
        "07".repeat(32), // franking key
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
  ])("%s is refused", async (_name, parts) => {
    await expect(read(concat(...parts()))).rejects.toMatchObject({ code: "malformed_plaintext" });
  });
});

const plain = (entry: { readonly payload: Uint8Array; readonly frankingKey: Uint8Array }) => ({
  ...entry,
  payload: toHex(entry.payload),
  frankingKey: toHex(entry.frankingKey),
});
