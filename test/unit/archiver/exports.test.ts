/** Texts that break a format that is written carelessly. */
import { actianceXml } from "../../../archiver/export/actiance.ts";
import { csvLine } from "../../../archiver/export/csv.ts";
import { writeEml } from "../../../archiver/export/eml.ts";
import type { ExportedMessage } from "../../../archiver/export/exported-message.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId, UserId } from "../../../crypto/wire/ids.ts";

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
const headersOf = (mail: string) => mail.split("\r\n\r\n")[0] ?? "";

test("nothing that a sender wrote becomes a header or another part of a mail", () => {
  const evil = "x\r\nBcc: somebody@example.org\r\n\r\n--part";
  const file = { name: evil, type: evil, size: 3, stored: { id: "id", pieces: 1 } };
  const mail = writeEml({ ...message, text: evil, file }, new Uint8Array(3));
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
