import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { blobCipher, type BlobCipher } from "../../../keys/at-rest/blob-cipher.ts";

const newKey = () => ({ id: randomBytes(16), secret: createSecretKey(randomBytes(32)) });

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function through(cipher: BlobCipher, offset: number, bytes: Buffer, size = 1000) {
  const done: Uint8Array[] = [];
  for await (const piece of cipher(offset, pieces(bytes, size))) done.push(piece);
  return Buffer.concat(done);
}

test("a blob that grew in any steps is read in any ranges", async () => {
  const cipher = blobCipher(newKey(), randomUUID(), randomUUID());
  const blob = randomBytes(5000);
  const whole = await through(cipher, 0, blob);
  expect(whole).toHaveLength(blob.length);
  const place = fc.integer({ min: 0, max: blob.length });
  await fc.assert(
    fc.asyncProperty(place, place, fc.integer({ min: 1, max: 700 }), async (a, b, size) => {
      const [from, until] = [Math.min(a, b), Math.max(a, b)];
      const stored = Buffer.concat([
        await through(cipher, 0, blob.subarray(0, from), size),
        await through(cipher, from, blob.subarray(from), size),
      ]);
      expect(stored.equals(whole)).toBe(true);
      const read = await through(cipher, from, stored.subarray(from, until), size);
      expect(read.equals(blob.subarray(from, until))).toBe(true);
    }),
    { seed: 20_261_121, numRuns: 100 },
  );
});

test("two blobs, and two tenants, share no key stream", async () => {
  const key = newKey();
  const [tenant, blob] = [randomUUID(), randomUUID()];
  const zeros = Buffer.alloc(64);
  const streams = await Promise.all([
    through(blobCipher(key, tenant, blob), 0, zeros),
    through(blobCipher(key, tenant, randomUUID()), 0, zeros),
    through(blobCipher(key, randomUUID(), blob), 0, zeros),
    through(blobCipher(newKey(), tenant, blob), 0, zeros),
  ]);
  expect(new Set(streams.map((stream) => stream.toString("hex"))).size).toBe(4);
});

test("far into a blob the counter exceeds 32 bits", async () => {
  const cipher = blobCipher(newKey(), randomUUID(), randomUUID());
  const border = 16 * 2 ** 32;
  const across = await through(cipher, border - 32, Buffer.alloc(64));
  const after = await through(cipher, border, Buffer.alloc(32));
  expect(across.subarray(32).equals(after)).toBe(true);
});
