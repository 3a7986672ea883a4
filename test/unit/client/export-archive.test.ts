import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markup, page } from "../../../client/export/archive/html.ts";
import { timesIn } from "../../../client/export/archive/labels.ts";
import { maskNumbers } from "../../../client/export/archive/mask.ts";
import { tarEnd, tarFile } from "../../../client/export/archive/tar.ts";
import { readTar } from "../../../cli/commands/export/read-tar.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";

describe("what a copy never shows whole", () => {
  test.each([
    ["My card is 4111 1111 1111 1111.", "My card is •••• •••• •••• 1111.", "card_number"],
    ["5555-5555-5555-4444", "••••-••••-••••-4444", "card_number"],
    ["378282246310005!", "•••••••••••0005!", "card_number"],
    ["4111.1111.1111.1111", "••••.••••.••••.1111", "card_number"],
    ["4111  1111  1111  1111", "••••  ••••  ••••  1111", "card_number"],
    ["4111\u20131111\u20131111\u20131111", "••••\u2013••••\u2013••••\u20131111", "card_number"],
    ["41\u200b11 1111 1111 1111", "••\u200b•• •••• •••• 1111", "card_number"],
    ["٤١١١ ١١١١ ١١١١ ١١١١", "•••• •••• •••• ١١١١", "card_number"],
    ["The CVV is 123.", "The CVV is •••.", "card_code"],
    ["SSN ١٢٣-٤٥-٦٧٨٩", "SSN •••-••-••••", "social_security_number"],
    ["SSN 123-45-6789, please", "SSN •••-••-••••, please", "social_security_number"],
    ["ssn: 123456789", "ssn: •••••••••", "social_security_number"],
  ])("%s", (text, shown, kind) => {
    expect(maskNumbers(text)).toEqual({ text: shown, masked: [kind] });
  });

  test.each([
    "My card is 4111 1111 1111 1112.", // fails the check of Luhn
    "Order 0000-0000-0000-0000",
    "Call +49 30 901820 or 030 901821",
    "Policy 123456789",
    "666-12-3456 and 900-12-3456 were never given to anybody",
    "On 2026-12-01 at 10:15:00",
  ])("%s is as it was said", (text) => {
    expect(maskNumbers(text)).toEqual({ text, masked: [] });
  });
});

test("what people wrote is text in a page, and no page runs anything", () => {
  const written = `<script>alert("1")</script>' & </style>`;
  const made = page(written, markup`<p title="${written}">${written}</p>`);
  expect(made).not.toContain("<script>");
  expect(
    made.match(/&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;&#39; &amp;/g),
  ).toHaveLength(3);
  expect(made).toContain("default-src 'none'");
});

describe("the tar archive of a part", () => {
  const long = `attachments/0001/12-${"ü".repeat(90)}.txt`;
  const files = [
    ["index.html", utf8("<p>")],
    [long, utf8("x".repeat(1_024))],
    ["data/empty.json", new Uint8Array()],
  ] as const;

  async function* archive(): AsyncGenerator<Uint8Array> {
    for (const [path, bytes] of files) yield* tarFile(path, bytes.length, [bytes]);
    yield tarEnd();
  }

  test("is read by tar, which nobody here wrote", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-tar-"));
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of archive()) pieces.push(piece);
      await writeFile(join(folder, "part.tar"), Buffer.concat(pieces));
      execFileSync("tar", ["-xf", "part.tar"], { cwd: folder, env: { LC_ALL: "C.UTF-8" } });
      for (const [path, bytes] of files)
        expect([path, Buffer.compare(await readFile(join(folder, path)), bytes)]).toEqual([
          path,
          0,
        ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("is read by the command, in pieces of any size", async () => {
    async function* inPieces(): AsyncGenerator<Uint8Array> {
      for await (const piece of archive())
        for (let at = 0; at < piece.length; at += 7) yield piece.subarray(at, at + 7);
    }
    const read: (readonly [string, Buffer])[] = [];
    for await (const { path, content } of readTar(inPieces())) {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(piece.slice());
      read.push([path, Buffer.concat(pieces)]);
    }
    expect(read).toEqual(files.map(([path, bytes]) => [path, Buffer.from(bytes)]));
  });
});

test("a time that no date can hold is shown as the latest one, and ends no copy", () => {
  const times = timesIn("UTC");
  const late = Number.MAX_SAFE_INTEGER;
  expect(times.utc(late)).toBe("+275760-09-13T00:00:00.000Z");
  expect([times.day(late), times.clock(late)]).toEqual(["13 September 275760", "00:00"]);
  expect(times.moment(late)).toContain("275760");
});
