/** Which files a copy of a person's data must have, and what a complete one has twice. */
import { createHash } from "node:crypto";
import type { Manifest } from "../../../audit/verify/export/manifest.ts";
import { CopyCheck } from "../../../cli/commands/export/check-copy.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const digestOf = (text: string) => createHash("sha256").update(text).digest("base64");
const fileOf = (path: string, text: string) => {
  const { length: bytes } = utf8(text);
  return { file: { path, bytes, digest: digestOf(text) }, content: utf8(text) };
};

const record = fileOf("data/record.json", "{}");
const index = fileOf("index.html", "<p>the copy</p>");

/** Checks a copy that has these files, and a list of those that it should have. */
function check(files: readonly ReturnType<typeof fileOf>[], listed = files) {
  const names = { version: 1, files: listed.map(({ file }) => file) };
  const list = fileOf("files.json", JSON.stringify(names));
  const manifest: Manifest = {
    type: "sealdesk-export/v1",
    tenant: newId<TenantId>(),
    case: newId<Uuid>(),
    request: newId<Uuid>(),
    subject: newId<UserId>(),
    right: "access",
    packedAtMs: 0,
    signedAtMs: 0,
    pages: [],
    events: 0,
    root: "",
    record: record.file.digest,
    files: list.file.digest,
    parts: [],
    signature: "",
  };
  const copy = new CopyCheck(manifest);
  for (const { file, content } of [...files, list]) copy.add(file, content);
  copy.end();
  return copy.files;
}

test("a copy with all its files is complete", () => {
  expect(check([record, index])).toBe(2);
});

test("a copy without the record is refused, although its list does not name it", () => {
  expect(() => check([index])).toThrow("data/record.json is missing.");
});

test("a copy with another record is refused", () => {
  const other = fileOf("data/record.json", '{"account":null}');
  expect(() => check([other, index])).toThrow("data/record.json was altered.");
});

test("a file that is there twice is refused, because a reader may take the other one", () => {
  const other = fileOf("index.html", "<p>another copy</p>");
  expect(() => check([record, other, index], [record, index])).toThrow(
    "index.html is in the copy twice.",
  );
});

test("a file that the list names is missing, and one that it does not name is refused", () => {
  expect(() => check([record], [record, index])).toThrow("index.html is missing.");
  expect(() => check([record, index], [record])).toThrow("index.html does not belong to the copy.");
});
