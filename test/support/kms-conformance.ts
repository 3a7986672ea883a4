import { createHmac, randomBytes } from "node:crypto";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import type { Kms } from "../../keys/kms/kms.ts";

export interface KmsUnderTest {
  readonly kms: Kms;
  close(): Promise<void>;
}

/** As thrown by any of them. */
export const kmsError = (code: string) => expect.objectContaining({ name: "KeysError", code });

const context = Buffer.from("tenant 1, subject 2");
const newName = () => `test-${randomBytes(6).toString("hex")}`;
const newPlain = () => randomBytes(32);

/** What every key-management service must do: run by each of them, with nothing skipped. */
export function kmsConformance(open: () => Promise<KmsUnderTest>): void {
  let under: KmsUnderTest;
  let kms: Kms;
  beforeAll(async () => {
    under = await open();
    kms = under.kms;
  });
  afterAll(() => under.close());

  async function newKey(kind: "wrapping" | "signing" | "mac"): Promise<string> {
    const key = newName();
    await kms.ensureKey(key, kind);
    return key;
  }

  test("serves", async () => {
    await expect(kms.check()).resolves.toBeUndefined();
  });

  test("signs with the version that is named, until that version is destroyed", async () => {
    const key = await newKey("signing");
    const data = Buffer.from("a note");
    const former = await kms.publicKey(key, 1);
    await kms.rotate(key);
    const signed = [await kms.sign(key, data, 1), await kms.sign(key, data, 2)];
    expect(signed.map((signature) => verifyEd25519(former, data, signature))).toEqual([
      true,
      false,
    ]);
    expect(await kms.sign(key, data)).toEqual(signed[1]);
    await kms.destroy(key, 2);
    await expect(kms.sign(key, data, 1)).rejects.toThrow(kmsError("kms_key_destroyed"));
    await expect(kms.publicKey(key, 1)).rejects.toThrow(kmsError("kms_key_destroyed"));
    expect(await kms.sign(key, data, 2)).toEqual(signed[1]);
  });

  describe("a wrapping key", () => {
    test("gives back what it wrapped, never wraps alike, and shows nothing of it", async () => {
      const key = await newKey("wrapping");
      const plain = newPlain();
      const [one, two] = [await kms.wrap(key, plain, context), await kms.wrap(key, plain, context)];
      expect(one).toMatchObject({ version: 1, bytes: expect.objectContaining({ length: 60 }) });
      expect(Buffer.from(one.bytes).equals(two.bytes)).toBe(false);
      expect(Buffer.from(one.bytes).includes(plain)).toBe(false);
      for (const wrapped of [one, two])
        expect(Buffer.from(await kms.unwrap(key, wrapped, context)).equals(plain)).toBe(true);
    });

    test("takes no context but the one that was given, and any that is", async () => {
      const key = await newKey("wrapping");
      const plain = newPlain();
      for (const given of [new Uint8Array(), new Uint8Array(1), randomBytes(1000)]) {
        const wrapped = await kms.wrap(key, plain, given);
        expect(Buffer.from(await kms.unwrap(key, wrapped, given)).equals(plain)).toBe(true);
        for (const other of [Buffer.concat([given, Buffer.from([0])]), context])
          await expect(kms.unwrap(key, wrapped, other)).rejects.toThrow(kmsError("kms_refused"));
      }
    });

    test("refuses what was changed anywhere, cut, stretched, or wrapped by another key", async () => {
      const key = await newKey("wrapping");
      const { version, bytes } = await kms.wrap(key, newPlain(), context);
      for (const at of [0, 11, 12, 43, 44, 59]) {
        const flipped = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
        await expect(kms.unwrap(key, { version, bytes: flipped }, context)).rejects.toThrow(
          kmsError("kms_refused"),
        );
      }
      const lengths = [new Uint8Array(), bytes.subarray(0, 28), bytes.subarray(0, 59)];
      for (const wrong of [...lengths, Buffer.concat([bytes, Buffer.from([0])])])
        await expect(kms.unwrap(key, { version, bytes: wrong }, context)).rejects.toThrow(
          kmsError("kms_refused"),
        );
      const other = await newKey("wrapping");
      await expect(kms.unwrap(other, { version, bytes }, context)).rejects.toThrow(
        kmsError("kms_refused"),
      );
    });

    test("wraps keys of 32 bytes and nothing else", async () => {
      const key = await newKey("wrapping");
      for (const length of [0, 16, 31, 33, 64])
        await expect(kms.wrap(key, new Uint8Array(length), context)).rejects.toThrow(
          kmsError("kms_refused"),
        );
    });

    test("rotates: what was wrapped before opens, what is wrapped after is of the new version", async () => {
      const key = await newKey("wrapping");
      const plain = newPlain();
      const old = await kms.wrap(key, plain, context);
      expect(await kms.rotate(key)).toBe(2);
      expect(await kms.rotate(key)).toBe(3);
      expect(await kms.latestVersion(key)).toBe(3);
      const fresh = await kms.wrap(key, plain, context);
      expect([old.version, fresh.version]).toEqual([1, 3]);
      for (const wrapped of [old, fresh])
        expect(Buffer.from(await kms.unwrap(key, wrapped, context)).equals(plain)).toBe(true);
      for (const version of [3, 2, 4, 0])
        await expect(kms.unwrap(key, { version, bytes: old.bytes }, context)).rejects.toThrow(
          kmsError("kms_refused"),
        );
    });

    test("rewraps under the latest version, for the same context alone", async () => {
      const key = await newKey("wrapping");
      const plain = newPlain();
      const old = await kms.wrap(key, plain, context);
      await kms.rotate(key);
      const anew = await kms.rewrap(key, old, context);
      expect(anew.version).toBe(2);
      expect(Buffer.from(await kms.unwrap(key, anew, context)).equals(plain)).toBe(true);
      await expect(kms.rewrap(key, old, Buffer.from("other"))).rejects.toThrow(
        kmsError("kms_refused"),
      );
    });

    test("destroys versions for ever, and never the one in use", async () => {
      const key = await newKey("wrapping");
      const one = await kms.wrap(key, newPlain(), context);
      await kms.rotate(key);
      const second = await kms.wrap(key, newPlain(), context);
      await kms.rotate(key);
      const third = await kms.wrap(key, newPlain(), context);
      await expect(kms.destroy(key, 4)).rejects.toThrow(kmsError("kms_refused"));
      await kms.destroy(key, 3);
      await kms.destroy(key, 3);
      await kms.destroy(key, 1);
      for (const gone of [one, second])
        for (const act of [kms.unwrap(key, gone, context), kms.rewrap(key, gone, context)])
          await expect(act).rejects.toThrow(kmsError("kms_key_destroyed"));
      await expect(kms.unwrap(key, third, context)).resolves.toHaveLength(32);
      expect(await kms.rotate(key)).toBe(4);
      await expect(kms.unwrap(key, one, context)).rejects.toThrow(kmsError("kms_key_destroyed"));
    });

    test("destroyed as a whole is not found, and one of the same name is another", async () => {
      const key = await newKey("wrapping");
      const wrapped = await kms.wrap(key, newPlain(), context);
      await kms.rotate(key);
      await kms.destroy(key);
      await kms.destroy(key);
      for (const act of [
        kms.unwrap(key, wrapped, context),
        kms.wrap(key, newPlain(), context),
        kms.rotate(key),
        kms.latestVersion(key),
      ])
        await expect(act).rejects.toThrow(kmsError("kms_key_not_found"));
      await kms.ensureKey(key, "wrapping");
      expect(await kms.latestVersion(key)).toBe(1);
      await expect(kms.unwrap(key, wrapped, context)).rejects.toThrow(kmsError("kms_refused"));
    });
  });

  describe("a signing key", () => {
    test("signs with its latest version, and shows the public key of each", async () => {
      const key = await newKey("signing");
      for (const data of [new Uint8Array(), randomBytes(5000)]) {
        const signature = await kms.sign(key, data);
        expect(verifyEd25519(await kms.publicKey(key), data, signature)).toBe(true);
      }
      const [data, first] = [randomBytes(20), await kms.publicKey(key)];
      await kms.rotate(key);
      const [old, latest] = [await kms.publicKey(key, 1), await kms.publicKey(key)];
      expect(Buffer.from(old).equals(first)).toBe(true);
      expect(Buffer.from(latest).equals(old)).toBe(false);
      const signature = await kms.sign(key, data);
      expect(verifyEd25519(latest, data, signature)).toBe(true);
      expect(verifyEd25519(old, data, signature)).toBe(false);
      await kms.destroy(key, 2);
      await expect(kms.publicKey(key, 1)).rejects.toThrow(kmsError("kms_key_destroyed"));
    });
  });

  describe("a MAC key", () => {
    test("gives the same for the same data, until it is rotated", async () => {
      const key = await newKey("mac");
      const [data, other] = [randomBytes(3000), randomBytes(3000)];
      const mac = Buffer.from(await kms.mac(key, data));
      expect(mac).toHaveLength(32);
      expect(mac.equals(await kms.mac(key, data))).toBe(true);
      expect(mac.equals(await kms.mac(key, other))).toBe(false);
      // Not a key that anybody knows.
      for (const known of ["", key])
        expect(mac.equals(createHmac("sha256", known).update(data).digest())).toBe(false);
      await kms.rotate(key);
      expect(mac.equals(await kms.mac(key, data))).toBe(false);
    });
  });

  describe("keys", () => {
    test("are made once, however often and at once that is asked", async () => {
      const key = newName();
      await Promise.all(Array.from({ length: 10 }, () => kms.ensureKey(key, "wrapping")));
      const wrapped = await kms.wrap(key, newPlain(), context);
      await kms.ensureKey(key, "wrapping");
      expect(await kms.latestVersion(key)).toBe(1);
      await expect(kms.unwrap(key, wrapped, context)).resolves.toHaveLength(32);
    });

    test("do what their kind does and nothing else", async () => {
      const [wrapping, signing, mac] = [
        await newKey("wrapping"),
        await newKey("signing"),
        await newKey("mac"),
      ];
      for (const act of [
        () => kms.ensureKey(wrapping, "signing"),
        () => kms.ensureKey(signing, "mac"),
        () => kms.ensureKey(mac, "wrapping"),
        () => kms.wrap(signing, newPlain(), context),
        () => kms.wrap(mac, newPlain(), context),
        () => kms.sign(wrapping, context),
        () => kms.sign(mac, context),
        () => kms.publicKey(wrapping),
        () => kms.mac(signing, context),
        () => kms.mac(wrapping, context),
      ])
        await expect(act()).rejects.toThrow(kmsError("kms_refused"));
    });

    test("that were never made are not found, and are not made by the way", async () => {
      const key = newName();
      const wrapped = { version: 1, bytes: new Uint8Array(60) };
      for (const act of [
        () => kms.wrap(key, newPlain(), context),
        () => kms.unwrap(key, wrapped, context),
        () => kms.rewrap(key, wrapped, context),
        () => kms.rotate(key),
        () => kms.latestVersion(key),
        () => kms.destroy(key, 1),
        () => kms.publicKey(key),
        () => kms.sign(key, context),
        () => kms.mac(key, context),
        () => kms.latestVersion(key),
      ])
        await expect(act()).rejects.toThrow(kmsError("kms_key_not_found"));
    });

    test.each(["", "A", "-a", "a/b", "a b", "../x", "a".repeat(129)])(
      "are not named %j",
      async (key) => {
        for (const act of [
          () => kms.ensureKey(key, "wrapping"),
          () => kms.latestVersion(key),
          () => kms.destroy(key),
        ])
          await expect(act()).rejects.toThrow(kmsError("kms_refused"));
      },
    );
  });

  test("50 at once, with rotations among them, lose and mix up nothing", async () => {
    const keys = [await newKey("wrapping"), await newKey("wrapping")] as const;
    const done = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const key = keys[index % 2] ?? "";
        const own = Buffer.from(`context ${index}`);
        const plain = newPlain();
        const wrapped = await kms.wrap(key, plain, own);
        if (index % 10 < 2) await kms.rotate(key);
        const anew = await kms.rewrap(key, wrapped, own);
        const opened = await Promise.all([wrapped, anew].map((one) => kms.unwrap(key, one, own)));
        return opened.every((bytes) => Buffer.from(bytes).equals(plain));
      }),
    );
    expect(done).toEqual(Array.from({ length: 50 }, () => true));
    expect(await Promise.all(keys.map((key) => kms.latestVersion(key)))).toEqual([6, 6]);
  });
}
