import { describe, expect, test } from "@jest/globals";
import {
  decodeControl,
  decodeFrame,
  encodeFrame,
  wireLimits,
} from "../../../../crypto/wire/frame.ts";
import {
  decode,
  encode,
  list,
  message,
  text,
  uint,
  uuid,
} from "../../../../crypto/wire/protobuf.ts";
import type { ConversationId } from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const malformed = expect.objectContaining({ name: "WireError", code: "malformed_frame" });
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const tag = (field: number, wireType: number) => varint(field * 8 + wireType);
const number = (field: number, value: number) => [...tag(field, 0), ...varint(value)];
const bytes = (field: number, value: readonly number[]) => [
  ...tag(field, 2),
  ...varint(value.length),
  ...value,
];
const id = Array.from({ length: 16 }, (_, index) => index);
const conversation = "00010203-0405-0607-0809-0a0b0c0d0e0f";
const synced = (...fields: number[]) => Uint8Array.from(bytes(12, fields));

// The longest that the fields can be, so that a full frame is the largest.
const largest = { conversation: idOf<ConversationId>(conversation), seq: Number.MAX_SAFE_INTEGER };
const longest = { ...largest, epoch: 0xffffffff, acknowledged: Number.MAX_SAFE_INTEGER };

// What is received is a Buffer in Node, and a plain array in a browser.
describe.each([
  ["a plain array", (input: Uint8Array) => input],
  ["a Buffer", (input: Uint8Array) => Buffer.from(input)],
])("in %s", (_, as) => {
  const decoded = (input: Uint8Array) => decodeFrame(as(input));

  test("a repeated field is refused, because parsers differ on its meaning", () => {
    expect(decoded(synced(...bytes(1, id), ...number(2, 7)))).toEqual({
      kind: "synced",
      body: { conversation, seq: 7 },
    });
    const twice = [
      synced(...bytes(1, id), ...number(2, 7), ...number(2, 8)),
      synced(...bytes(1, id), ...bytes(1, id), ...number(2, 7)),
      synced(...bytes(1, id), ...number(2, 0), ...number(2, 0)),
    ];
    for (const input of twice) expect(() => decoded(input)).toThrow(malformed);
    const once = synced(...bytes(1, id));
    expect(() => decoded(Uint8Array.from([...once, ...once]))).toThrow(malformed);
  });

  test("lengths, tags and choices that fit only after truncation to 32 bits are refused", () => {
    const wide = (low: number) => [low | 128, 128, 128, 128, 16]; // low + 2^32
    const wideLength = synced(...tag(1, 2), ...wide(16), ...id);
    const wideTag = Uint8Array.from([...wide(tag(12, 2)[0]!), ...varint(18), ...bytes(1, id)]);
    const wideBody = Uint8Array.from([...tag(12, 2), ...wide(18), ...bytes(1, id)]);
    const hash = Array.from({ length: 32 }, () => 1);
    const deliver = (kind: readonly number[]) =>
      Uint8Array.from(
        bytes(11, [
          ...bytes(1, id),
          ...number(2, 1),
          ...tag(3, 0),
          ...kind,
          ...[4, 6, 7].flatMap((field) => bytes(field, id)),
          ...[10, 11, 12, 14].flatMap((field) => bytes(field, hash)),
        ]),
      );
    expect(decoded(deliver([1]))).toMatchObject({ body: { kind: "message" } });
    for (const input of [wideLength, wideTag, wideBody, deliver(wide(1))])
      expect(() => decoded(input)).toThrow(malformed);
  });

  test("numbers beyond 2^53 - 1, or beyond their field, are refused", () => {
    const seq = (...varintBytes: number[]) => synced(...bytes(1, id), ...tag(2, 0), ...varintBytes);
    expect(decoded(seq(...varint(Number.MAX_SAFE_INTEGER)))).toMatchObject({
      body: { seq: Number.MAX_SAFE_INTEGER },
    });
    const tooMuch = [
      varint(2 ** 53),
      [0x81, 128, 128, 128, 128, 128, 128, 16], // 2^53 + 1, which a double cannot hold
      Array.from({ length: 10 }, (__, index) => (index === 9 ? 1 : 255)), // 2^64 - 1
      Array.from({ length: 11 }, () => 255), // no end
    ];
    for (const value of tooMuch) expect(() => decoded(seq(...value))).toThrow(malformed);
    const version = Uint8Array.from(bytes(1, number(1, 2 ** 32)));
    expect(() => decoded(version)).toThrow(malformed);
  });

  test("field number 0, groups without end, and deep ones are refused", () => {
    const field = bytes(1, id);
    const inputs = [
      synced(...field, 0, 1),
      Uint8Array.from([2, 0, ...synced(...field)]),
      synced(...field, ...tag(99, 3)),
      synced(...field, ...tag(99, 4)),
      synced(...field, ...tag(99, 3), ...tag(98, 4)),
      synced(...field, ...Array.from({ length: 5_000 }, () => tag(99, 3)).flat()),
      synced(...field, ...tag(99, 6), 0),
      synced(...field, ...tag(99, 7), 0),
    ];
    for (const input of inputs) expect(() => decoded(input)).toThrow(malformed);
  });

  test("unknown fields are skipped, including those with a known number and another type", () => {
    const unknown = [...number(99, 5), ...bytes(98, [1, 2]), ...tag(97, 3), ...tag(97, 4)];
    expect(decoded(synced(...bytes(1, id), ...unknown, ...bytes(2, [9])))).toEqual({
      kind: "synced",
      body: { conversation, seq: 0 },
    });
  });

  test("a nested message ends where its length says", () => {
    const inner = bytes(1, id);
    const cases = [
      [...tag(12, 2), inner.length - 1, ...inner],
      [...tag(12, 2), inner.length + 1, ...inner],
      // Its last field reaches beyond its end, into bytes that the frame does have.
      [...tag(12, 2), inner.length, ...inner.slice(0, 1), 17, ...inner.slice(2), 0, 0],
      [...bytes(12, inner), 0x60],
    ];
    for (const input of cases) expect(() => decoded(Uint8Array.from(input))).toThrow(malformed);
  });

  test("a missing body, two bodies, and lists over their limit are refused", () => {
    expect(() => decoded(new Uint8Array(0))).toThrow(malformed);
    const one = synced(...bytes(1, id));
    const ack = Uint8Array.from(bytes(3, []));
    expect(() => decoded(Uint8Array.from([...one, ...ack]))).toThrow(malformed);
    const cursors = (count: number) =>
      Uint8Array.from(bytes(3, Array.from({ length: count }, () => bytes(1, bytes(1, id))).flat()));
    expect(decoded(cursors(1024))).toMatchObject({ kind: "ack" });
    expect(() => decoded(cursors(1025))).toThrow(malformed);
    const full = { cursors: Array.from({ length: wireLimits.cursors }, () => largest) };
    expect(decoded(encodeFrame({ kind: "ack", body: full }))).toMatchObject({ kind: "ack" });
    const heads = (count: number) =>
      encodeFrame({ kind: "heads", body: { heads: Array.from({ length: count }, () => longest) } });
    expect(decoded(heads(wireLimits.heads))).toMatchObject({ kind: "heads" });
    expect(() => decoded(heads(wireLimits.heads + 1))).toThrow(malformed);
  });

  test("text is UTF-8 up to its limit, including a byte order mark", () => {
    const fault = (...code: number[]) => Uint8Array.from(bytes(13, bytes(1, code)));
    const letters = (count: number) => Array.from({ length: count }, () => 97);
    expect(decoded(fault(0xef, 0xbb, 0xbf, 97))).toMatchObject({ body: { code: "\ufeffa" } });
    expect(decoded(fault(...letters(64)))).toMatchObject({ kind: "fault" });
    const bad = [letters(65), [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x99]];
    for (const code of bad) expect(() => decoded(fault(...code))).toThrow(malformed);
  });
});

test("text with a lone surrogate is encoded as something that every parser accepts", () => {
  const frame = { kind: "fault", body: { code: "a\ud800", message: "", retryAfterMs: 0 } } as const;
  expect(decodeFrame(encodeFrame(frame))).toMatchObject({ body: { code: "a\ufffd" } });
});

test("names of the prototype are ordinary fields", () => {
  const type = message({ constructor: [1, text(9)], toString: [2, uint()] });
  expect(encode(type, { constructor: "a", toString: 1 })).toHaveLength(5);
  expect(decode(type, new Uint8Array(0))).toEqual({ constructor: "", toString: 0 });
  expect(
    Object.getPrototypeOf(decodeControl(Uint8Array.from([...bytes(2, id), ...bytes(3, id)]))),
  ).toBe(Object.prototype);
});

test("lists of fixed-width values keep their order", () => {
  const type = message({ ids: [1, list(uuid, 3)] });
  const ids = [conversation, "ffffffff-ffff-ffff-ffff-ffffffffffff"];
  expect(decode(type, encode(type, { ids }))).toEqual({ ids });
});
