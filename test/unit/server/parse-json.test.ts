import { parseJson } from "../../../server/http/bodies/parse-json.ts";

const parse = (text: string) => parseJson(Buffer.from(text));
const codeOf = (text: string): string | undefined => {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test("objects and arrays are parsed, with a byte order mark or without, and nothing is undefined", () => {
  expect(parse('{"a":[1,"[{,\\"]"]}')).toEqual({ a: [1, '[{,"]'] });
  expect(parse("\uFEFF[]")).toEqual([]);
  expect(parse("")).toBeUndefined();
});

test.each(["{", '"text"', "null", "{} {}"])("%s is refused", (text) => {
  expect(codeOf(text)).toBe("malformed_json");
});

test("bytes that are not UTF-8 are refused", () => {
  expect(() => parseJson(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))).toThrow(/JSON/);
});

test("depth and number of values are bounded, and text in strings counts for nothing", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(codeOf(nested(16))).toBeUndefined();
  expect(codeOf(nested(17))).toBe("malformed_json");
  const list = (values: number) => `[${"0,".repeat(values - 1)}0]`;
  expect(codeOf(list(4_000))).toBeUndefined();
  expect(codeOf(list(4_100))).toBe("malformed_json");
  expect(codeOf(`{"a":"${",[{".repeat(10_000)}"}`)).toBeUndefined();
});

test("a body without end costs one look at each byte, not a parse", () => {
  expect(codeOf("[".repeat(1_000_000))).toBe("malformed_json");
  expect(codeOf('{"a":'.repeat(200_000))).toBe("malformed_json");
});
