import { existsSync, readFileSync } from "node:fs";

const page = readFileSync("docs/threat-model.md", "utf8");

/** The text under a heading of the second level. */
const sectionOf = (heading: string): string =>
  page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";

const itemsIn = (section: string): readonly string[] =>
  Array.from(section.matchAll(/^- (?:.*\n)+?(?=- |\n)/gm), ([item]) =>
    item.replaceAll(/\s+/g, " ").trim(),
  );

/** The cells below a table's head. The first column is left out, because it names the parties. */
const cellsIn = (section: string): readonly string[] =>
  Array.from(section.matchAll(/(?<=^\| -[-| ]+\|\n)(?:\|.*\n)+/gm), ([rows]) => rows.trim())
    .flatMap((rows) => rows.split("\n"))
    .flatMap((row) => row.split("|").slice(2, -1))
    .map((cell) => cell.trim());

/** Returns each sentence, and each part before a semicolon, that has no note behind it. */
const unproven = (statement: string): readonly string[] =>
  statement
    .replaceAll(/\]\([^)]*\)/g, "]")
    .replaceAll(/`[^`]*`/g, "code")
    .split(/(?<=[.;]|\[\^[a-z-]+\])\s/)
    .filter((part) => !/\[\^[a-z-]+\]$/.test(part));

test("each sentence about what parties can do, and about what protects, has a note that names its test", () => {
  for (const heading of ["Parties", "Parties in league", "What protects what"]) {
    const section = sectionOf(heading);
    const statements = [...itemsIn(section), ...cellsIn(section)];
    expect(statements.length).toBeGreaterThan(20);
    expect(statements.flatMap(unproven)).toEqual([]);
  }
});

test("the search finds a sentence without a note", () => {
  expect(unproven("**Can:** read;[^a] write. Nothing more.[^b]")).toEqual(["write."]);
  expect(unproven("**Cannot:** read;[^a] write")).toEqual(["write"]);
  expect(unproven("[read](a.md#b.);[^a][^b] see (`a. b`).[^c]")).toEqual([]);
});

const notes = Array.from(
  page.matchAll(/^\[\^([a-z-]+)\]: (.+)$/gm),
  ([, name = "", text = ""]) => ({
    name,
    text,
  }),
);
/** The one note that names no test. */
const untestable = "holds-it";

test("every note is used, and every use has a note", () => {
  const used = page.matchAll(/\[\^([a-z-]+)\](?!:)/g);
  const names = new Set(Array.from(used, ([, name = ""]) => name));
  expect(notes.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
});

test.each(notes.filter(({ name }) => name !== untestable))(
  "the test of $name exists",
  ({ text }) => {
    const [, path = "", title = ""] = /^`(test\/\S+\.test\.ts)`, "(.+)"$/.exec(text) ?? [];
    expect(existsSync(path)).toBe(true);
    // A title stands after an opening parenthesis.
    const places = readFileSync(path, "utf8").split(new RegExp(`["\`]${literal(title)}["\`]`));
    expect(places.slice(0, -1).some((before) => /\(\s*$/.test(before))).toBe(true);
  },
);

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
