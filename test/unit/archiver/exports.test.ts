/** Texts that break a format that is written carelessly. */
import { actianceXml } from "../../../archiver/export/actiance.ts";
import { csvLine } from "../../../archiver/export/csv.ts";
import { writeEml } from "../../../archiver/export/eml.ts";
import { exportedOf, type ExportedMessage } from "../../../archiver/export/exported-message.ts";
import { nilUuid, zeroHash } from "../../../crypto/wire/event.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../../../crypto/wire/ids.ts";

const conversation = newId<ConversationId>();
const from = { user: newId<UserId>(), role: "customer" };
const message: ExportedMessage = {
  kind: "message",
  conversation,
  seq: 7,
  atMs: 0,
  id: "id",
  from,
  to: [],
  text: "",
  file: undefined,
  about: undefined,
  missing: undefined,
  problems: [],
};
const ids = {
  keyId: nilUuid,
  senderDevice: newId<DeviceId>(),
  clientMessageId: newId<MessageId>(),
};
const hashes = {
  digest: zeroHash,
  commitment: zeroHash,
  frankingTag: zeroHash,
  previousHash: zeroHash,
  transcriptHash: zeroHash,
};
const headersOf = (mail: string) => mail.split("\r\n\r\n")[0] ?? "";

/** Returns a mail with a file that comes in these pieces. */
async function mailOf(said: ExportedMessage, pieces: readonly Uint8Array[] = []): Promise<string> {
  const parts: string[] = [];
  for await (const part of writeEml(said, piecewise(pieces))) parts.push(part);
  return parts.join("");
}

async function* piecewise(pieces: readonly Uint8Array[]) {
  yield* pieces;
}

test("nothing that a sender wrote becomes a header or another part of a mail", async () => {
  const evil = "x\r\nBcc: somebody@example.org\r\n\r\n--part";
  const file = { name: evil, type: evil, size: 3, stored: { id: "id", pieces: 1 } };
  const mail = await mailOf({ ...message, text: evil, file }, [new Uint8Array(3)]);
  expect(mail).not.toContain("\nBcc: somebody");
  expect(headersOf(mail)).toContain(`From: "customer" <${from.user}@sealdesk.invalid>`);
  expect(mail).toContain("Content-Type: application/octet-stream\r\n");
  expect(mail.split(`\r\n--part-${conversation}-7`)).toHaveLength(4);
  for (const line of mail.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
});

test("XML holds every text in which XML can, and nothing of it as a tag", async () => {
  const text = `<Message>&amp;]]>\u0000\u001b \ud800 "é"\r\n😀`;
  const written: string[] = [];
  const events = async function* () {
    yield [conversation, [{ ...message, text }]] as const;
  };
  for await (const part of actianceXml(events())) written.push(part);
  expect(written.join("")).toContain(
    "<Content>&lt;Message&gt;&amp;amp;]]&gt;\uFFFD\uFFFD \uFFFD &quot;é&quot;&#13;\n😀</Content>",
  );
});

test("a field of CSV may hold the characters that separate fields", () => {
  const text = 'a "quoted", text\r\nof two lines';
  expect(csvLine({ ...message, text })).toContain(',"a ""quoted"", text\r\nof two lines",');
});

test("a file that is read in pieces of any size is one file in lines of 76 characters", async () => {
  const pieces = [1, 57, 100, 0, 1_000].map((size) => new Uint8Array(size).fill(size));
  const whole = Buffer.concat(pieces);
  const stored = { id: "id", pieces: pieces.length };
  const file = { name: "a", type: "text/plain", size: whole.length, stored };
  const mail = await mailOf({ ...message, file }, pieces);
  const [, encoded = ""] = /filename[^]*?base64\r\n\r\n([^-]*)\r\n--part/.exec(mail) ?? [];
  const lines = encoded.trimEnd().split("\r\n");
  expect(lines.slice(0, -1).every((line) => line.length === 76)).toBe(true);
  expect(Buffer.from(lines.join(""), "base64").equals(whole)).toBe(true);
});

test("a time that no date can hold ends no export", async () => {
  const event = { type: "event", kind: "message", seq: 7, ...hashes, ...ids } as const;
  const late = { ...event, epoch: 1, receivedAtMs: Number.MAX_SAFE_INTEGER, problems: [] };
  const [exported] = exportedOf(conversation, [late]);
  expect(exported).toMatchObject({ problems: ["time_out_of_range"] });
  expect(await mailOf(exported as ExportedMessage)).toContain("time_out_of_range");
  expect(csvLine(exported!)).toContain("+275760-09-13T00:00:00.000Z");
});
