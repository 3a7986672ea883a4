import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { rowAssociated, type RowPosition } from "../../../keys/at-rest/associated.ts";
import { keyIdOf, open, OVERHEAD_BYTES, seal } from "../../../keys/at-rest/envelope.ts";
import {
  parseId,
  type TenantId,
  type DeviceId,
  type ConversationId,
} from "../../../crypto/wire/ids.ts";

const newKey = () => ({ id: randomBytes(16), secret: createSecretKey(randomBytes(32)) });
const places: fc.Arbitrary<RowPosition> = fc.record(
  {
    tenant: fc.uuid().map(parseId<TenantId>),
    conversation: fc.uuid().map(parseId<ConversationId>),
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    period: fc.integer({ min: 0, max: 10_000 }),
    device: fc.uuid().map(parseId<DeviceId>),
  },
  { requiredKeys: ["tenant", "conversation", "seq", "period"] },
);
const settings = { seed: 20_261_121, numRuns: 200 };

test("sealed bytes open under the same key in the same place", () => {
  const key = newKey();
  fc.assert(
    fc.property(places, fc.uint8Array({ maxLength: 2000 }), (place, plain) => {
      const sealed = seal(key, rowAssociated(place), plain);
      expect(sealed).toHaveLength(plain.length + OVERHEAD_BYTES);
      expect(keyIdOf(sealed)).toEqual(key.id);
      expect(new Uint8Array(open(key, rowAssociated(place), sealed))).toEqual(plain);
    }),
    settings,
  );
});

test("a row moved to any other place does not open", () => {
  const key = newKey();
  fc.assert(
    fc.property(places, places, (from, to) => {
      fc.pre(JSON.stringify(from) !== JSON.stringify(to));
      const sealed = seal(key, rowAssociated(from), Buffer.from("ciphertext of a message"));
      expect(() => open(key, rowAssociated(to), sealed)).toThrow(
        expect.objectContaining({ code: "seal_broken" }),
      );
    }),
    settings,
  );
});

test("an envelope with a changed bit or a missing byte does not open", () => {
  const key = newKey();
  const place = new Uint8Array(7);
  const sealed = seal(key, place, Buffer.from("ciphertext of a message"));
  const refused = expect.objectContaining({ code: "seal_broken" });
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => open(key, place, changed)).toThrow(refused);
  }
  for (let length = 0; length < sealed.length; length++)
    expect(() => open(key, place, sealed.subarray(0, length))).toThrow(refused);
  expect(() => open(newKey(), place, sealed)).toThrow(refused);
});

test("equal bytes are sealed differently each time", () => {
  const key = newKey();
  const nonces = Array.from({ length: 5000 }, () =>
    seal(key, new Uint8Array(0), new Uint8Array(8)).subarray(17, 29).toString("hex"),
  );
  expect(new Set(nonces).size).toBe(5000);
});
