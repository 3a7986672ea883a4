import fc from "fast-check";
import { deviceApprovalBytes, type LinkContext } from "../../../../crypto/wire/signed-records.ts";
import type { UserId } from "../../../../crypto/wire/ids.ts";
import { decodeLinkCode, encodeLinkCode } from "../../../../crypto/device/linking/link-code.ts";
import { openAccount } from "../../../../crypto/device/linking/open-account.ts";
import { sealAccount } from "../../../../crypto/device/linking/seal-account.ts";
import {
  generateExchangeKey,
  generateSigningKey,
  randomBytes,
  verifySignature,
  ready,
} from "../../../../crypto/device/sodium.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

await ready;

const uuid = (last: number) => `0198c0de-0001-7000-8000-${String(last).padStart(12, "0")}`;

function setUp(contacts: number = 2) {
  const ephemeral = generateExchangeKey();
  const sibling = generateSigningKey();
  const codeSecret = randomBytes(16);
  const context: Omit<LinkContext, "oneTimeKey"> = {
    tenant: idOf(uuid(1)),
    user: idOf(uuid(2)),
    request: uuid(3),
    device: idOf(uuid(4)),
    deviceKey: generateSigningKey().publicKey,
    ephemeralKey: ephemeral.publicKey,
    sibling: idOf(uuid(5)),
    siblingKey: sibling.publicKey,
    accountKey: generateSigningKey().publicKey,
  };
  const known = Array.from({ length: contacts }, (_, index) => ({
    user: idOf<UserId>(uuid(100 + index)),
    accountKey: randomBytes(32),
  }));
  const keyLog = { vkey: "log.example+key", note: "the newest head", atMs: 1 };
  const list = { version: 3, issuedAtMs: 4, validUntilMs: 5 };
  const authority = randomBytes(32);
  const secrets = { contacts: known, keyLog, list, authority };
  const seal = (changes: Partial<typeof context> = {}, secret = codeSecret) =>
    sealAccount({
      context: { ...context, ...changes },
      codeSecret: secret,
      deviceKey: sibling.privateKey,
      secrets,
    });
  const opening = { context, codeSecret, ephemeralKey: ephemeral.privateKey };
  return { ephemeral, sibling, codeSecret, context, known, seal, opening, secrets };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "nothing";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the sealed account", () => {
  test("opens for its recipient, with the keys of the contacts, the head of the key log and the list", () => {
    for (const contacts of [0, 2, 1_000]) {
      const { known, seal, opening, secrets, context, sibling } = setUp(contacts);
      const opened = openAccount({ ...opening, record: seal() });
      expect(opened.contacts).toEqual(known);
      expect(opened.keyLog).toEqual(secrets.keyLog);
      expect(opened.list).toEqual(secrets.list);
      const approved = deviceApprovalBytes({ ...context, approvedBy: context.sibling });
      expect(verifySignature(approved, opened.approval, sibling.publicKey)).toBe(true);
    }
  });

  test("opens nowhere else: each field of the context matters, and so does the code's secret", () => {
    const { context, seal, opening } = setUp();
    for (const [name, value] of Object.entries(context)) {
      const other = typeof value === "string" ? uuid(99) : generateExchangeKey().publicKey;
      const changes = { [name]: other };
      const record = seal(changes);
      expect([name, codeOf(() => openAccount({ ...opening, record }))]).toEqual([
        name,
        "link_not_authentic",
      ]);
    }
    const record = seal({}, randomBytes(16));
    expect(codeOf(() => openAccount({ ...opening, record }))).toBe("link_not_authentic");
    const { privateKey: ephemeralKey } = generateExchangeKey();
    expect(codeOf(() => openAccount({ ...opening, ephemeralKey, record: seal() }))).toBe(
      "link_not_authentic",
    );
  });

  test("is refused if any bit is changed, removed or added", () => {
    const { seal, opening } = setUp();
    const record = seal();
    fc.assert(
      fc.property(fc.nat(record.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(record, (byte, index) =>
          index === at ? byte ^ change : byte,
        );
        return codeOf(() => openAccount({ ...opening, record: damaged })) === "link_not_authentic";
      }),
      { seed: 20_260_802, numRuns: 200 },
    );
    for (const length of [0, 1, 33, 97, 121, record.length - 1])
      expect(codeOf(() => openAccount({ ...opening, record: record.slice(0, length) }))).toBe(
        "link_not_authentic",
      );
    const longer = Uint8Array.of(...record, 0);
    expect(codeOf(() => openAccount({ ...opening, record: longer }))).toBe("link_not_authentic");
  });

  test("a key of low order, which would reveal the secret, is not sealed to", () => {
    const { seal } = setUp();
    expect(() => seal({ ephemeralKey: new Uint8Array(32) })).toThrow();
  });
});

describe("a code", () => {
  const anyCode = fc.record({
    request: fc.uuid(),
    ephemeralKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  });

  test("is read back however a person writes it", () => {
    fc.assert(
      fc.property(anyCode, (code) => {
        const text = encodeLinkCode(code);
        expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{111}$/);
        expect(decodeLinkCode(text)).toEqual(code);
        const written = text.toLowerCase().replaceAll("0", "o").replaceAll("1", "l");
        expect(decodeLinkCode(` ${written.replaceAll(/(.{5})/g, "$1-")}\n`)).toEqual(code);
      }),
      { seed: 20_260_803 },
    );
  });

  test("with one character changed, left out or added is no code", () => {
    const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    fc.assert(
      fc.property(anyCode, fc.nat(110), fc.nat(31), (code, at, digit) => {
        const text = encodeLinkCode(code);
        const other = digits[digit] ?? "";
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        if (text[at] !== other)
          expect(codeOf(() => decodeLinkCode(changed))).toBe("invalid_link_code");
        const shorter = text.slice(0, at) + text.slice(at + 1);
        const longer = text.slice(0, at) + other + text.slice(at);
        for (const wrong of [shorter, longer, `${text}U`, ""])
          expect(codeOf(() => decodeLinkCode(wrong))).toBe("invalid_link_code");
      }),
      { seed: 20_260_804 },
    );
  });
});
