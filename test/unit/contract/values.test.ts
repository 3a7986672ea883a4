import * as z from "zod/mini";
import { uploadMetadata } from "../../../contract/attachments.ts";
import { documentation } from "../../../contract/documentation.ts";
import { bytes, uuid, wholeNumber } from "../../../contract/values.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { ConversationId, AttachmentId } from "../../../crypto/wire/ids.ts";

test.each([
  ["exactly", 32, 32, true],
  ["exactly", 32, 31, false],
  ["exactly", 32, 33, false],
  ["at most", 32, 1, true],
  ["at most", 32, 32, true],
  ["at most", 32, 33, false],
  ["at most", 32, 0, false],
] as const)("bytes, %s %i: %i bytes are accepted: %s", (measure, length, given, accepted) => {
  const text = Buffer.alloc(given, 0xfe).toString("base64url");
  const read = z.safeParse(bytes(length, measure), text);
  expect(read.success).toBe(accepted);
  if (read.success) expect(z.encode(bytes(length, measure), read.data)).toBe(text);
});

test.each(["a+bc", "abc=", "abcde", "ab c"])("%j is not base64url", (text) => {
  expect(z.safeParse(bytes(8, "at most"), text).success).toBe(false);
});

test("a UUID is in lower case", () => {
  expect(z.safeParse(uuid, "01928374-0000-7000-8000-00000000000a").success).toBe(true);
  expect(z.safeParse(uuid, "01928374-0000-7000-8000-00000000000A").success).toBe(false);
});

test.each([
  ["0", true],
  ["25", true],
  ["26", false],
  ["007", false],
  ["-1", false],
  ["1e1", false],
  ["", false],
])("the whole number %j, at most 25, is accepted: %s", (text, accepted) => {
  expect(z.safeParse(wholeNumber("", { maximum: 25 }), text).success).toBe(accepted);
});

const conversation = idOf<ConversationId>("01928374-0000-7000-8000-000000000001");
const id = idOf<AttachmentId>("01928374-0000-7000-8000-000000000002");
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("upload metadata is read as it is written", () => {
  for (const metadata of [{ conversation }, { conversation, id }]) {
    const header = z.encode(uploadMetadata, metadata);
    expect(z.decode(uploadMetadata, header)).toEqual({ id: undefined, ...metadata });
  }
  expect(z.encode(uploadMetadata, { conversation })).toBe(`conversation ${base64(conversation)}`);
});

test("upload metadata may have other keys, whose values may be no text", () => {
  const header = `name /w==, conversation ${base64(conversation)},empty`;
  expect(z.decode(uploadMetadata, header)).toEqual({ conversation });
});

test.each([
  "",
  `conversation ${base64("no UUID")}`,
  `conversation ${base64(conversation)},conversation ${base64(conversation)}`,
  `conversation ${base64(conversation)},id /w==`,
  `conversation ${base64(conversation)},id`,
  "conversation *",
])("upload metadata %j is refused", (header) => {
  expect(z.safeParse(uploadMetadata, header).success).toBe(false);
});

test("the documentation stays out of zod's global registry, which the application may use", () => {
  expect(z.globalRegistry.has(uuid)).toBe(false);
  expect(documentation.get(uuid)).toEqual({ type: "string", format: "uuid" });
});
