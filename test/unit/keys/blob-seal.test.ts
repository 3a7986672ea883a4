import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { chunksOf, placeOf, sealedBytes } from "../../../keys/at-rest/blob-layout.ts";
import {
  blobSeal,
  CHUNK_BYTES,
  CHUNK_OVERHEAD_BYTES,
  type ChunkPosition,
} from "../../../keys/at-rest/blob-seal.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

const newKey = () => ({ id: randomBytes(16), secret: createSecretKey(randomBytes(32)) });
const newName = () => ({ tenant: newId<TenantId>(), blob: randomUUID(), salt: randomBytes(32) });
const broken = expect.objectContaining({ code: "seal_broken" });
const places: readonly ChunkPosition[] = [
  { index: 0, kind: "middle" },
  { index: 1, kind: "middle" },
  { index: 0, kind: "last" },
  { index: 0, kind: "unfinished" },
  { index: 256, kind: "middle" },
  { index: 2 ** 32, kind: "middle" },
];

test("chunks that another program sealed as docs/keys.md says are opened", async () => {
  const file = new URL("./vectors/blob-seal.json", import.meta.url);
  const vector = JSON.parse(await readFile(file, "utf8"));
  const bytes = (hex: string) => Buffer.from(hex, "hex");
  const { tenant, blob } = vector;
  const secret = createSecretKey(bytes(vector.secret));
  const name = { tenant, blob, salt: bytes(vector.salt) };
  const seal = blobSeal({ id: randomBytes(16), secret }, name);
  for (const { index, kind, plain, sealed } of vector.chunks)
    expect(seal.open({ index, kind }, bytes(sealed))).toEqual(bytes(plain));
});

test("a chunk opens in its own place alone", () => {
  const seal = blobSeal(newKey(), newName());
  const plain = randomBytes(100);
  for (const sealedAt of places)
    for (const openedAt of places) {
      const open = () => seal.open(openedAt, seal.seal(sealedAt, plain));
      if (sealedAt === openedAt) expect(open()).toEqual(plain);
      else expect(open).toThrow(broken);
    }
});

test("a chunk opens in the blob, the tenant, the upload and under the key it was sealed for, and no other", () => {
  const [key, name] = [newKey(), newName()];
  const [place] = places as [ChunkPosition];
  const sealed = blobSeal(key, name).seal(place, randomBytes(10));
  for (const other of [
    blobSeal(key, { ...name, blob: randomUUID() }),
    blobSeal(key, { ...name, tenant: newId<TenantId>() }),
    blobSeal(key, { ...name, salt: randomBytes(32) }),
    blobSeal(newKey(), name),
  ])
    expect(() => other.open(place, sealed)).toThrow(broken);
});

test("a chunk with a changed, missing or added bit does not open", () => {
  const seal = blobSeal(newKey(), newName());
  const [place] = places as [ChunkPosition];
  const sealed = seal.seal(place, randomBytes(20));
  for (let at = 0; at < sealed.length * 8; at++) {
    const altered = Buffer.from(sealed);
    altered[at >> 3]! ^= 1 << (at & 7);
    expect(() => seal.open(place, altered)).toThrow(broken);
  }
  for (let length = 0; length < sealed.length; length++)
    expect(() => seal.open(place, sealed.subarray(0, length))).toThrow(broken);
  expect(() => seal.open(place, Buffer.concat([sealed, Buffer.alloc(1)]))).toThrow(broken);
});

test("bytes that are sealed again for the same place get another nonce", () => {
  const seal = blobSeal(newKey(), newName());
  const [place] = places as [ChunkPosition];
  const nonces = Array.from({ length: 3000 }, () =>
    seal.seal(place, new Uint8Array(0)).subarray(0, 12).toString("hex"),
  );
  expect(new Set(nonces).size).toBe(nonces.length);
});

test("the sealed size of a blob is the sum of its chunks, of which only the last is short and marked", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * CHUNK_BYTES }), (size) => {
      let at = 0;
      for (let index = 0; index < chunksOf(size); index++) {
        expect(sealedBytes(size, index)).toBe(at);
        const left = size - index * CHUNK_BYTES;
        expect(placeOf(size, index).kind).toBe(left <= CHUNK_BYTES ? "last" : "middle");
        at += Math.min(left, CHUNK_BYTES) + CHUNK_OVERHEAD_BYTES;
      }
      expect(sealedBytes(size)).toBe(at);
    }),
    { seed: 20_261_129, numRuns: 200 },
  );
  expect([1, CHUNK_BYTES, CHUNK_BYTES + 1].map(chunksOf)).toEqual([1, 1, 2]);
});
