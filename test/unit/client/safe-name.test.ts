import fc from "fast-check";
import sanitize from "sanitize-filename";
import { safeFileName } from "../../../client/attachments/safe-name.ts";

const bytes = (text: string) => Buffer.byteLength(text);

test.each([
  ["report.pdf", "report.pdf"],
  ["Bericht für Zoë.pdf", "Bericht für Zoë.pdf"],
  ["../../etc/passwd", "_.._etc_passwd"],
  ["C:\\Windows\\system.ini", "C__Windows_system.ini"],
  ["invoice\u202efdp.exe", "invoicefdp.exe"],
  ["\u2066a\u2069\u200b\ufeff.txt", "a.txt"],
  ["two\r\nlines\u2028.txt", "two lines .txt"],
  ["nul\0l.txt", "null.txt"],
  ["CON", "_CON"],
  ["con.tar.gz", "_con.tar.gz"],
  ["con .txt", "_con .txt"],
  ["con .", "_con"],
  ["LPT¹.txt", "_LPT¹.txt"],
  ["CONIN$", "_CONIN$"],
  ["trailing. . .", "trailing"],
  [".htaccess", "htaccess"],
  ["cafe\u0301.txt", "caf\u00e9.txt"],
  ["what?.txt", "what_.txt"],
  ["lone \ud800.txt", "lone \ufffd.txt"],
  ["", "file"],
  [" . ", "file"],
  ["..", "file"],
  ["\u202e", "file"],
])("%j becomes %j", (name, safe) => {
  expect(safeFileName(name)).toBe(safe);
});

test("a name that is too long keeps its extension, and no character is cut in two", () => {
  expect(safeFileName(`${"x".repeat(400)}.pdf`)).toBe(`${"x".repeat(196)}.pdf`);
  expect(safeFileName(`${"\u{1f600}".repeat(100)}.jpeg`)).toBe(`${"\u{1f600}".repeat(48)}.jpeg`);
  expect(safeFileName("x".repeat(400))).toBe("x".repeat(200));
  expect(safeFileName(`a.${"x".repeat(400)}`)).toBe(`a.${"x".repeat(198)}`);
});

const piece = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "..",
    ".",
    "/",
    "\\",
    " ",
    "\0",
    "\n",
    "\u202e",
    "\u2067",
    "\u200b",
    "\ud800",
    "<",
    "\u0338",

    "con",
    "NUL",
    "com1",
    "lpt\u00b9",
    ".txt",
    "e\u0301",
    "\u1100\u1161",
    "\u{1f600}",
    "_",
    "\u00a0",
    "x".repeat(300),
    ".".repeat(300),
    " ".repeat(300),
  ),
);
const names = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

test("any file system accepts the safe form of any name", () => {
  fc.assert(
    fc.property(names, (name) => {
      const safe = safeFileName(name);
      expect(safe).not.toBe("");
      expect(bytes(safe)).toBeLessThanOrEqual(200);
      expect(safe.isWellFormed()).toBe(true);
      expect(safe).toBe(safe.normalize("NFC"));
      // Nothing is left that the library would change: reserved names, characters, ends.
      expect(safe).toBe(sanitize(safe, { replacement: "_" }));
      expect(safe).not.toMatch(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u);
      expect(safe).not.toMatch(/^[\s.]|[\s.]$/u);
      expect(safe).not.toMatch(
        /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)\s*(\.|$)/i,
      );
    }),
    { seed: 13, numRuns: 1_000 },
  );
});

test("a safe name stays as it is", () => {
  fc.assert(
    fc.property(names, (name) => {
      const safe = safeFileName(name);
      expect(safeFileName(safe)).toBe(safe);
    }),
    { seed: 14, numRuns: 1_000 },
  );
});
