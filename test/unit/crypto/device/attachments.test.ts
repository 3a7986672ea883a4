import type { AttachmentId } from "../../../../crypto/wire/ids.ts";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import sodium from "libsodium-wrappers-sumo";
import { ready } from "../../../../crypto/device/sodium.ts";
import type { SealedAttachment } from "../../../../crypto/wire/attachment.ts";
import {
  openAttachment,
  storedSize,
} from "../../../../crypto/device/attachments/open-attachment.ts";
import { paddedSize } from "../../../../crypto/device/attachments/padded-size.ts";
import {
  chunkBytes,
  sealAttachment,
} from "../../../../crypto/device/attachments/seal-attachment.ts";
import { newId } from "../../../../tools/testkit/ids.ts";

await ready;

const chunk = chunkBytes + 17;
const plenty = 1024 * 1024 * 1024;
const property = { seed: 20261121, numRuns: 60 };
const refused = (...codes: string[]) =>
  expect.objectContaining({
    name: "AttachmentError",
    code: expect.stringMatching(new RegExp(`^(${codes.join("|")})$`)),
  });
const sha256 = (bytes: Uint8Array) => Uint8Array.from(createHash("sha256").update(bytes).digest());
const content = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) % 251);

async function* inPieces(bytes: Uint8Array, size = 10_000) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function seal(plaintext: Uint8Array, id = newId<AttachmentId>()) {
  const sealing = sealAttachment(id, inPieces(plaintext), plenty);
  const pieces: Uint8Array[] = [];
  for (;;) {
    const next = await sealing.next();
    if (next.done === true)
      return { sealed: next.value, ciphertext: Uint8Array.from(Buffer.concat(pieces)) };
    pieces.push(next.value);
  }
}

async function open(sealed: SealedAttachment, ciphertext: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of openAttachment(sealed, inPieces(ciphertext, 7_001))) pieces.push(piece);
  return Uint8Array.from(Buffer.concat(pieces));
}

/** As the author of the message would do it: the digest fits the changed ciphertext. */
const fitting = (sealed: SealedAttachment, ciphertext: Uint8Array): SealedAttachment => ({
  ...sealed,
  ciphertextDigest: sha256(ciphertext),
});

describe("what was sealed", () => {
  test.each([0, 1, 1023, 1024, 1025, chunkBytes - 1, chunkBytes, chunkBytes + 1, 300_000])(
    "opens again: %i bytes",
    async (length) => {
      const plaintext = content(length);
      const { sealed, ciphertext } = await seal(plaintext);
      expect(sealed.size).toBe(length);
      expect(ciphertext).toHaveLength(storedSize(sealed));
      expect(sealed.plaintextDigest).toEqual(sha256(plaintext));
      expect(sealed.ciphertextDigest).toEqual(sha256(ciphertext));
      expect(await open(sealed, ciphertext)).toEqual(plaintext);
    },
  );

  test("is libsodium's secretstream, in the layout of docs/crypto.md", async () => {
    const id = newId<AttachmentId>();
    const plaintext = content(chunkBytes + 100);
    const { sealed, ciphertext } = await seal(plaintext, id);
    const associatedData = Buffer.concat([
      Buffer.from("sealdesk/attachment/v1"),
      Buffer.from(id.replaceAll("-", ""), "hex"),
    ]);
    const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(
      ciphertext.subarray(0, 24),
      sealed.key,
    );
    const first = sodium.crypto_secretstream_xchacha20poly1305_pull(
      state,
      ciphertext.subarray(24, 24 + chunk),
      associatedData,
    );
    const second = sodium.crypto_secretstream_xchacha20poly1305_pull(
      state,
      ciphertext.subarray(24 + chunk),
      associatedData,
    );
    if (first === false || second === false) throw new Error("not a secretstream");
    expect([first.tag, second.tag]).toEqual([0, 3]);
    const padded = Buffer.concat([first.message, second.message]);
    expect(padded).toHaveLength(paddedSize(plaintext.length));
    expect(Uint8Array.from(padded.subarray(0, plaintext.length))).toEqual(plaintext);
    expect(padded.subarray(plaintext.length).every((byte) => byte === 0)).toBe(true);
  });

  test("has another key and header each time", async () => {
    const [one, other] = [await seal(content(10)), await seal(content(10))];
    expect(one.sealed.key).not.toEqual(other.sealed.key);
    expect(one.ciphertext.subarray(0, 24)).not.toEqual(other.ciphertext.subarray(0, 24));
  });

  test("is read chunk by chunk and opened chunk by chunk", async () => {
    const pieces = 200;
    let given = 0;
    async function* source() {
      for (; given < pieces; given++) yield new Uint8Array(chunkBytes);
    }
    const sealing = sealAttachment(newId(), source(), plenty);
    const ciphertext: Uint8Array[] = [];
    let sealed: SealedAttachment | undefined;
    for (;;) {
      const next = await sealing.next();
      if (next.done === true) {
        sealed = next.value;
        break;
      }
      expect(next.value.length).toBeLessThanOrEqual(chunk);
      ciphertext.push(next.value);
      // Never more than a piece ahead of the output.
      expect(given).toBeLessThanOrEqual(ciphertext.length + 1);
    }
    let taken = 0;
    async function* arriving() {
      for (const piece of ciphertext) {
        taken++;
        yield piece;
      }
    }
    let opened = 0;
    for await (const piece of openAttachment(sealed, arriving())) {
      expect(piece.length).toBeLessThanOrEqual(chunkBytes);
      expect(taken).toBeLessThanOrEqual(++opened + 2);
    }
    expect(opened).toBe(pieces);
  });

  test("does not exceed its limit", async () => {
    const sealing = sealAttachment(newId(), inPieces(content(50_000)), 40_000);
    const all = async () => {
      for await (const piece of sealing) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(all()).rejects.toEqual(refused("too_large"));
  });
});

describe("an altered attachment is refused", () => {
  const plaintext = content(3 * chunkBytes + 5_000);

  test("any truncation, whatever the digest says", async () => {
    const { sealed, ciphertext } = await seal(plaintext);
    const cuts = fc.oneof(
      fc.integer({ min: 0, max: ciphertext.length - 1 }),
      fc.constantFrom(0, 23, 24, 24 + chunk, 24 + 2 * chunk, 24 + 3 * chunk),
    );
    await fc.assert(
      fc.asyncProperty(cuts, async (length) => {
        const cut = ciphertext.subarray(0, length);
        await expect(open(fitting(sealed, cut), cut)).rejects.toEqual(refused("truncated"));
      }),
      property,
    );
  });

  test("any flipped bit", async () => {
    const { sealed, ciphertext } = await seal(plaintext);
    const places = fc.integer({ min: 0, max: ciphertext.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(places, async (place) => {
        const changed = Uint8Array.from(ciphertext);
        changed[place >> 3]! ^= 1 << (place & 7);
        await expect(open(fitting(sealed, changed), changed)).rejects.toEqual(refused("damaged"));
      }),
      property,
    );
  });

  test("any other order of the chunks, one left out, one twice", async () => {
    const { sealed, ciphertext } = await seal(plaintext);
    const header = ciphertext.subarray(0, 24);
    const chunks = [0, 1, 2, 3].map((index) =>
      ciphertext.subarray(24 + index * chunk, 24 + (index + 1) * chunk),
    );
    const orders = fc
      .array(fc.constantFrom(0, 1, 2, 3), { minLength: 0, maxLength: 6 })
      .filter((order) => order.join("") !== "0123" && !order.join("").startsWith("0123"));
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        const changed = Buffer.concat([header, ...order.map((index) => chunks[index]!)]);
        await expect(open(fitting(sealed, changed), changed)).rejects.toEqual(
          refused("damaged", "truncated"),
        );
      }),
      property,
    );
  });

  test("any extension", async () => {
    const { sealed, ciphertext } = await seal(plaintext);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (more) => {
        const longer = Buffer.concat([ciphertext, more]);
        await expect(open(fitting(sealed, longer), longer)).rejects.toEqual(refused("extended"));
      }),
      property,
    );
  });

  test("another attachment's bytes, key or id", async () => {
    const [one, other] = [await seal(plaintext), await seal(plaintext)];
    for (const changes of [{ key: other.sealed.key }, { id: other.sealed.id }])
      await expect(open({ ...one.sealed, ...changes }, one.ciphertext)).rejects.toEqual(
        refused("damaged"),
      );
    const moved = fitting(one.sealed, other.ciphertext);
    await expect(open(moved, other.ciphertext)).rejects.toEqual(refused("damaged"));
  });

  test("another size, digest or chunk size than the message names", async () => {
    const { sealed, ciphertext } = await seal(content(2_000));
    const digest = new Uint8Array(32);
    const cases: [Partial<SealedAttachment>, string][] = [
      [{ size: 1_999 }, "malformed_padding"],
      [{ size: 100 }, "damaged"],
      [{ size: 10_000_000 }, "truncated"],
      [{ plaintextDigest: digest }, "digest_mismatch"],
      [{ ciphertextDigest: digest }, "digest_mismatch"],
      [{ chunkBytes: 0 }, "damaged"],
      [{ chunkBytes: 0xffffffff }, "damaged"],
    ];
    for (const [changes, code] of cases)
      await expect(open({ ...sealed, ...changes }, ciphertext)).rejects.toMatchObject({ code });
  });

  test("a stream without its final tag", async () => {
    const { sealed } = await seal(content(10));
    const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(sealed.key);
    const associatedData = Buffer.concat([
      Buffer.from("sealdesk/attachment/v1"),
      Buffer.from(sealed.id.replaceAll("-", ""), "hex"),
    ]);
    for (const tag of [0, 1, 2]) {
      const unfinished = Buffer.concat([
        header,
        sodium.crypto_secretstream_xchacha20poly1305_push(
          state,
          new Uint8Array(1024),
          associatedData,
          tag,
        ),
      ]);
      await expect(open(fitting(sealed, unfinished), unfinished)).rejects.toEqual(
        refused("damaged"),
      );
    }
  });
});

describe("the padded size", () => {
  test.each([
    [0, 1024],
    [1024, 1024],
    [1025, 1088],
    [9_999, 10_240],
    [1_000_000, 1_015_808],
    [5 * 1024 * 1024, 5 * 1024 * 1024],
  ])("of %i bytes is %i", (size, padded) => expect(paddedSize(size)).toBe(padded));

  test("is never less and never over 12 percent more, and grows with the size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 40 }), (size) => {
        const padded = paddedSize(size);
        expect(padded).toBeGreaterThanOrEqual(size);
        expect(padded).toBeLessThanOrEqual(size * 1.12);
        expect(paddedSize(size + 1)).toBeGreaterThanOrEqual(padded);
        expect(paddedSize(padded)).toBe(padded);
      }),
      property,
    );
  });
});
