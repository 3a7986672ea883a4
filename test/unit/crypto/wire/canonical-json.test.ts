import { canonicalJson, type CanonicalValue } from "../../../../crypto/wire/canonical-json.ts";
import fc from "fast-check";

describe("canonical JSON (RFC 8785)", () => {
  test("sorts names by UTF-16 code units, as in section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\u{1f600}": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    const inOrder = [...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(([, name]) => name);
    expect(inOrder).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test("escapes strings as in section 3.2.2.2", () => {
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/')).toBe(String.raw`"€$\u000f\nA'B\"\\\\\"/"`);
  });

  test("writes literals and nested values, and nothing else", () => {
    const value = { b: [true, null, { z: 1, a: -0 }], a: false, left: undefined };
    expect(canonicalJson(value)).toBe('{"a":false,"b":[true,null,{"a":0,"z":1}]}');
  });

  test.each([
    ["a fraction", 0.5],
    ["an unsafe integer", 2 ** 53],
    ["NaN", Number.NaN],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate as a name", { "\udead": 1 }],
    ["bytes", new Uint8Array(1) as unknown as CanonicalValue],
    ["a date", new Date(0) as unknown as CanonicalValue],
    ["a function", (() => 0) as unknown as CanonicalValue],
  ])("refuses %s", (_what, value) => {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ code: "malformed_record" }),
    );
  });

  test("gives equal values the same text, and JSON.parse restores them", () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.string({ unit: "grapheme" }),
        fc.array(tie("value")),
        fc.dictionary(fc.string({ unit: "grapheme" }), tie("value"), { noNullPrototype: true }),
      ),
    })).value as fc.Arbitrary<CanonicalValue>;
    fc.assert(
      fc.property(values, (value) => {
        const text = canonicalJson(value);
        const again = JSON.parse(text) as CanonicalValue;
        expect(canonicalJson(again)).toBe(text);
        expect(again).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 8785, numRuns: 200 },
    );
  });
});
