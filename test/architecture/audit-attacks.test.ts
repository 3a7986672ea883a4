import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { attackTimes } from "../support/attack-test.ts";
import { expectSection, markdownTable } from "../support/generated-section.ts";
import { argumentsOf, nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

type Row = Readonly<Record<string, string>>;
const times: Readonly<Record<string, string>> = attackTimes;

/** Returns whether a call makes an attack: `attackTest(...)` or `attackTest.each(...)`. */
function isAttackTest({ type, callee }: Node): boolean {
  if (type !== "CallExpression") return false;
  const { object, value } = callee as Node & { readonly object?: Node };
  return (object?.["value"] ?? value) === "attackTest";
}

/** The row that a call declares. A value that is not a literal is left out. */
function rowOf(call: Node): Row {
  const properties = (argumentsOf(call)[0]?.["properties"] ?? []) as readonly Node[];
  return Object.fromEntries(
    properties.flatMap(({ key, value }) => {
      const literal = value as Node;
      return literal.type === "StringLiteral"
        ? [[String((key as Node)["value"]), String(literal["value"])]]
        : [];
    }),
  );
}

const attacksIn = (source: string): readonly Row[] =>
  nodesOf(syntaxTreeOf(source)).filter(isAttackTest).map(rowOf);

const files = execFileSync("git", ["ls-files", "test/integration"], { encoding: "utf8" })
  .split("\n")
  .filter((path) => path.endsWith(".test.ts"));
const attacks = files
  .flatMap((path) =>
    attacksIn(readFileSync(path, "utf8")).map((row): Row => ({ ...row, test: basename(path) })),
  )
  .toSorted((a, b) => orderOf(a) - orderOf(b));

function orderOf({ when = "" }: Row): number {
  return Object.keys(times).indexOf(when);
}

test("a call is read with its literals, and the order of its values does not count", () => {
  const source = `attackTest.each({ when: "check", says: "Do." + it, attempt: "A" }, ways, make);
    other({ when: "act" }); attackTest({ code: "c" }, make);`;
  expect(attacksIn(source)).toEqual([{ when: "check", attempt: "A" }, { code: "c" }]);
});

test("each attack is declared once, with literals", () => {
  expect(attacks.length).toBeGreaterThan(10);
  for (const { attempt, foundBy, when = "", code, says, test: file } of attacks)
    expect({ file, attempt, foundBy, when: times[when], code, says }).toEqual({
      file,
      attempt: expect.any(String),
      foundBy: expect.any(String),
      when: expect.any(String),
      code: expect.stringMatching(/^[a-z_]+$/),
      says: expect.stringMatching(/\.$/),
    });
  expect(new Set(attacks.map(({ attempt }) => attempt)).size).toBe(attacks.length);
});

test("what an attack's sentence points to is there", () => {
  const page = readFileSync("docs/audit.md", "utf8");
  const titles = attacks.flatMap(({ says = "" }) =>
    Array.from(says.matchAll(/docs\/audit\.md, “([^”]+)”/g), ([, title = ""]) => title),
  );
  expect(titles.filter((title) => !page.includes(`\n## ${title}\n`))).toEqual([]);
});

test("docs/audit.md has the attacks that the tests make, and no others", async () => {
  const rows = attacks.map((row) => [
    row["attempt"] ?? "",
    row["foundBy"] ?? "",
    times[row["when"] ?? ""] ?? "",
    `\`${row["code"]}\``,
    row["says"] ?? "",
    `\`${row["test"]}\``,
  ]);
  const head = [
    "attempt",
    "who refuses or finds it",
    "when",
    "code",
    "what it tells you to do",
    "test",
  ];
  await expectSection("audit-attacks", "attempts", markdownTable([head, ...rows]));
});
