/**
 * Browsers compute with noble what Node computes with libsodium. Each must give the other's results,
 * and open or verify what the other made; what one refuses, the other refuses.
 */
import type { webcrypto } from "node:crypto";
import fc from "fast-check";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import * as browserArgon from "../../../../crypto/device/argon2id.browser.ts";
import * as nodeArgon from "../../../../crypto/device/argon2id.ts";
import * as browserStream from "../../../../crypto/device/attachments/secret-stream.browser.ts";
import * as nodeStream from "../../../../crypto/device/attachments/secret-stream.ts";
import * as browserSodium from "../../../../crypto/device/sodium.browser.ts";
import * as nodeSodium from "../../../../crypto/device/sodium.ts";

// The compiler's half of the agreement: each module stands in for the other.
type Primitives = typeof nodeSodium;
type Streams = Pick<typeof nodeStream, "streamSizes"> & {
  readonly StreamSealer: new (
    ...of: ConstructorParameters<typeof nodeStream.StreamSealer>
  ) => Pick<nodeStream.StreamSealer, "header" | "seal">;
  readonly StreamOpener: new (
    ...of: ConstructorParameters<typeof nodeStream.StreamOpener>
  ) => Pick<nodeStream.StreamOpener, "open">;
  readonly RunningSha256: new () => Pick<nodeStream.RunningSha256, "update" | "digest">;
};
const node: Primitives = nodeSodium;
const browser: Primitives = browserSodium;
const bothWays = [
  ["libsodium", "noble", node, browser],
  ["noble", "libsodium", browser, node],
] as const;

await node.ready;

const settings = { seed: 20_261_129, numRuns: 200 };
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.uint8Array({ maxLength: 300 });
const hex = (of: Uint8Array) => Buffer.from(of).toString("hex");

/** Both results in hexadecimal, or "refused". */
function same(ofNode: () => Uint8Array, ofBrowser: () => Uint8Array): void {
  const outcome = (work: () => Uint8Array): string => {
    try {
      return hex(work());
    } catch {
      return "refused";
    }
  };
  expect(outcome(ofBrowser)).toBe(outcome(ofNode));
}

test("every name of one module is in the other", () => {
  expect(Object.keys(browser).toSorted()).toEqual(Object.keys(node).toSorted());
  expect(Object.keys(browserStream).toSorted()).toEqual(Object.keys(nodeStream).toSorted());
  expect(Object.keys(browserArgon)).toEqual(Object.keys(nodeArgon));
  expect(browser.aeadSizes).toEqual(node.aeadSizes);
  expect(browserStream.streamSizes).toEqual(nodeStream.streamSizes);
});

test("both modules agree on SHA-256, SHA-512 and HMAC-SHA-256", () => {
  fc.assert(
    fc.property(text, bytes(32), bytes(31), (input, key, short) => {
      same(
        () => node.sha256(input),
        () => browser.sha256(input),
      );
      same(
        () => node.sha512(input),
        () => browser.sha512(input),
      );
      same(
        () => node.hmacSha256(key, input),
        () => browser.hmacSha256(key, input),
      );
      expect(() => node.hmacSha256(short, input)).toThrow();
      expect(() => browser.hmacSha256(short, input)).toThrow();
    }),
    settings,
  );
});

test("both modules compare secrets rightly, and leave nothing of an erased one", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const equal = hex(a) === hex(b);
      for (const each of [node, browser]) {
        expect(each.equalSecret(a, b)).toBe(equal);
        expect(each.equalSecret(a, a.slice())).toBe(true);
      }
    }),
    settings,
  );
  for (const each of [node, browser]) {
    const secret = each.randomBytes(32);
    each.zeroise(secret);
    expect(secret).toEqual(new Uint8Array(32));
  }
});

test.each(bothWays)("Ed25519: %s signs, %s verifies", (_signer, _verifier, signer, verifier) => {
  fc.assert(
    fc.property(bytes(32), text, fc.nat(), (seed, message, at) => {
      const pair = signer.signingKeyFromSeed(seed);
      expect(verifier.signingKeyFromSeed(seed)).toEqual(pair);
      const signature = signer.sign(message, pair.privateKey);
      expect(hex(verifier.sign(message, pair.privateKey))).toBe(hex(signature));
      expect(verifier.verifySignature(message, signature, pair.publicKey)).toBe(true);
      const flipped = signature.slice();
      flipped[at % 64]! ^= 1 << (at % 8);
      expect(verifier.verifySignature(message, flipped, pair.publicKey)).toBe(false);
      const other = signer.generateSigningKey();
      expect(verifier.verifySignature(message, signature, other.publicKey)).toBe(false);
    }),
    { ...settings, numRuns: 60 },
  );
});

/** Signs with a signer of each module, whose key is wiped before, and lets both modules verify. */
const signersAgree = (numRuns: number) =>
  fc.assert(
    fc.asyncProperty(bytes(32), text, async (seed, message) => {
      const { privateKey, publicKey } = node.signingKeyFromSeed(seed);
      for (const { createSigner } of [node, browser]) {
        const own = privateKey.slice();
        const sign = await createSigner(own);
        own.fill(0);
        const signature = await sign(message);
        for (const { verifySignature } of [node, browser])
          expect(verifySignature(message, signature, publicKey)).toBe(true);
      }
    }),
    { ...settings, numRuns },
  );

describe("what a signer of either module signs, both verify", () => {
  /** Replaces a part of the platform for one test. */
  const replace = (value: Partial<webcrypto.SubtleCrypto> | undefined) =>
    Object.defineProperty(crypto, "subtle", { configurable: true, value });
  const { subtle } = crypto;
  afterEach(() => replace(subtle));

  test("with WebCrypto, of whose key no copy is left", async () => {
    const filled: Uint8Array[] = [];
    const prototype: { set: (...of: Parameters<Uint8Array["set"]>) => void } =
      Object.getPrototypeOf(Uint8Array.prototype);
    const { set } = prototype;
    prototype.set = function record(this: Uint8Array, ...of) {
      filled.push(this);
      set.apply(this, of);
    };
    const { privateKey } = browser.generateSigningKey();
    const seed = Buffer.from(privateKey.subarray(0, 32));
    filled.length = 0;
    try {
      await browser.createSigner(privateKey);
    } finally {
      prototype.set = set;
    }
    expect(filled.length).toBeGreaterThan(0);
    expect(filled.filter((each) => Buffer.from(each).includes(seed))).toEqual([]);
  });

  test("with WebCrypto", async () => {
    let signed = 0;
    replace({
      importKey: subtle.importKey.bind(subtle),
      sign(...of) {
        signed++;
        return subtle.sign(...of);
      },
    });
    await signersAgree(20);
    expect(signed).toBe(20);
  });

  test("with a WebCrypto that does not know Ed25519", async () => {
    replace({ importKey: () => Promise.reject(new DOMException("unknown", "NotSupportedError")) });
    await signersAgree(5);
  });

  test("without a secure context, in which there is no WebCrypto", async () => {
    replace(undefined);
    await signersAgree(5);
  });
});

describe("Ed25519 signatures that were made to divide verifiers", () => {
  const { Point } = ed25519;
  const message = Buffer.from("a message");
  // The eight points of small order, from one of order eight.
  const generator = Point.fromHex(
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  );
  const small = Array.from({ length: 8 }, (_, index) => {
    let point = Point.ZERO;
    for (let added = 0; added < index; added++) point = point.add(generator);
    return point;
  });

  /** What a key `[a]B + smallKey` and a nonce `[r]B + smallNonce` sign; the cofactored equation holds. */
  function crafted(a: bigint, r: bigint, smallKey: number, smallNonce: number) {
    const times = (scalar: bigint) => (scalar === 0n ? Point.ZERO : Point.BASE.multiply(scalar));
    const publicKey = times(a).add(small[smallKey]!).toBytes();
    const encodedR = times(r).add(small[smallNonce]!).toBytes();
    const k = bytesToNumberLE(node.sha512(Buffer.concat([encodedR, publicKey, message])));
    const s = Point.Fn.create(r + k * a);
    return { publicKey, signature: Buffer.concat([encodedR, numberToBytesLE(s, 32)]) };
  }

  test("are told apart alike", () => {
    const verdicts = { true: 0, false: 0 };
    for (const [a, r] of [
      [0n, 0n],
      [0n, 5n],
      [7n, 0n],
      [7n, 5n],
      [11n, 13n],
      [11n, 17n],
    ] as const)
      for (let key = 0; key < 8; key++)
        for (let nonce = 0; nonce < 8; nonce++) {
          const { publicKey, signature } = crafted(a, r, key, nonce);
          const verdict = node.verifySignature(message, signature, publicKey);
          expect(browser.verifySignature(message, signature, publicKey)).toBe(verdict);
          verdicts[`${verdict}`]++;
        }
    // Both verdicts occur, or this would prove nothing.
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(5);
  });

  test("are told apart alike: scalars and points in other than their one form", () => {
    const { publicKey, privateKey } = node.signingKeyFromSeed(new Uint8Array(32).fill(7));
    const signature = node.sign(message, privateKey);
    const s = bytesToNumberLE(signature.subarray(32));
    const above = numberToBytesLE(s + Point.Fn.ORDER, 32);
    const malleable = Buffer.concat([signature.subarray(0, 32), above]);
    // y = 1 + p, and y = 1 with the sign bit: both stand for the neutral element.
    const forms = [
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      `01${"00".repeat(30)}80`,
    ];
    const points = forms.map((form) => Buffer.from(form, "hex"));
    const cases: (readonly [Uint8Array, Uint8Array])[] = [
      [malleable, publicKey],
      ...points.map((point) => [signature, point] as const),
      ...points.map((point) => [Buffer.concat([point, new Uint8Array(32)]), publicKey] as const),
      [new Uint8Array(64), publicKey],
      [new Uint8Array(64).fill(255), new Uint8Array(32).fill(255)],
      [signature, new Uint8Array(31)],
      [signature.subarray(1), publicKey],
    ];
    for (const [each, key] of cases) {
      expect(node.verifySignature(message, each, key)).toBe(false);
      expect(browser.verifySignature(message, each, key)).toBe(false);
    }
  });
});

test("both modules agree on X25519 and refuse keys of low order", () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (privateKey, publicKey) => {
      same(
        () => node.exchange(privateKey, publicKey),
        () => browser.exchange(privateKey, publicKey),
      );
    }),
    settings,
  );
  const low = [
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  for (const key of low)
    for (const each of [node, browser])
      expect(() => each.exchange(new Uint8Array(32).fill(9), Buffer.from(key, "hex"))).toThrow();
  const [ours, theirs] = [node.generateExchangeKey(), browser.generateExchangeKey()];
  expect(hex(browser.exchange(theirs.privateKey, ours.publicKey))).toBe(
    hex(node.exchange(ours.privateKey, theirs.publicKey)),
  );
});

test.each(bothWays)(
  "XChaCha20-Poly1305: %s seals, %s opens",
  (_sealer, _opener, sealer, opener) => {
    fc.assert(
      fc.property(bytes(32), bytes(24), text, text, fc.nat(), (key, nonce, plaintext, data, at) => {
        const sealed = sealer.aeadSeal(key, nonce, plaintext, data);
        expect(hex(opener.aeadSeal(key, nonce, plaintext, data))).toBe(hex(sealed));
        expect(hex(opener.aeadOpen(key, nonce, sealed, data))).toBe(hex(plaintext));
        const flipped = sealed.slice();
        flipped[at % flipped.length]! ^= 1 << (at % 8);
        expect(() => opener.aeadOpen(key, nonce, flipped, data)).toThrow();
        expect(() => opener.aeadOpen(key, nonce, sealed.subarray(1), data)).toThrow();
        expect(() => opener.aeadOpen(key, nonce, sealed.subarray(0, 8), data)).toThrow();
      }),
      settings,
    );
  },
);

const streams: readonly (readonly [string, string, Streams, Streams])[] = [
  ["libsodium", "noble", nodeStream, browserStream],
  ["noble", "libsodium", browserStream, nodeStream],
];

test.each(streams)("secretstream: %s seals, %s opens", (_sealer, _opener, sealing, opening) => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(bytes(32), text, chunks, fc.nat(), (key, data, contents, at) => {
      const sealer = new sealing.StreamSealer(key, data);
      const sealed = contents.map((each, index) =>
        sealer.seal(each, index === contents.length - 1),
      );
      const opener = new opening.StreamOpener(sealer.header, key, data);
      const [first] = sealed;
      const flipped = first!.slice();
      flipped[at % flipped.length]! ^= 1 << (at % 8);
      expect(opener.open(flipped)).toBeUndefined();
      expect(opener.open(first!.subarray(0, 16))).toBeUndefined();
      for (const [index, each] of sealed.entries()) {
        const opened = opener.open(each);
        expect(hex(opened!.chunk)).toBe(hex(contents[index]!));
        expect(opened!.final).toBe(index === contents.length - 1);
      }
      const [whole, pieces] = [new opening.RunningSha256(), new sealing.RunningSha256()];
      whole.update(Buffer.concat(contents));
      for (const each of contents) pieces.update(each);
      expect(hex(whole.digest())).toBe(hex(pieces.digest()));
    }),
    settings,
  );
});

test("both modules agree on Argon2id", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      bytes(16),
      async (secret, salt) => {
        const cost = { passes: 2, memory: 64 * 1024, bytes: 32 };
        const ofNode = await nodeArgon.argon2id(secret, salt, cost);
        expect(hex(await browserArgon.argon2id(secret, salt, cost))).toBe(hex(ofNode));
      },
    ),
    { ...settings, numRuns: 10 },
  );
});
