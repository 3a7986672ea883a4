import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const numberIn = (rule: string): number => Number(rule.slice(1));

/** The texts of a folder's TypeScript files. */
const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(".ts") && !/(^|\/)(dist|node_modules)\//.test(path))
    .map((path) => readFileSync(path, "utf8"));

/** The rules that the matches of `pattern` name, such as "R3" or "R20 to R22". */
function namedIn(sources: readonly string[], pattern: RegExp): ReadonlySet<number> {
  const named = new Set<number>();
  for (const source of sources)
    for (const [text] of source.matchAll(pattern)) {
      const [from = 0, to] = (text.match(/R\d+/g) ?? []).map(numberIn);
      if (text.includes(" to "))
        for (let rule = from; rule <= (to ?? from); rule++) named.add(rule);
      for (const rule of text.match(/R\d+/g) ?? []) named.add(numberIn(rule));
    }
  return named;
}

const page = readFileSync("docs/receiver.md", "utf8");
const rules = Array.from(page.matchAll(/^\| (R\d+) /gm), ([, rule = ""]) => numberIn(rule));

const inCode = namedIn(
  ["client/conversation", "client/consents", "client/erasure", "crypto/wire"].flatMap(sourcesIn),
  /\bR\d+ to R\d+\b|\bR\d+\b/g,
);
/** The title of a test has its rules in brackets at the end. */
const inTests = namedIn(
  ["test/unit/client", "test/unit/crypto/wire", "test/model", "test/e2e"].flatMap(sourcesIn),
  /\(R\d+(?:, R\d+)*\)|"R\d+"/g,
);

test("docs/receiver.md numbers its rules without a gap", () => {
  expect(rules).toEqual(rules.map((_, index) => index + 1));
  expect(rules.length).toBeGreaterThan(20);
});

test("every rule of docs/receiver.md is named in the code and in a test", () => {
  expect(rules.filter((rule) => !inCode.has(rule))).toEqual([]);
  expect(rules.filter((rule) => !inTests.has(rule))).toEqual([]);
});

test("no other page, code or test names a rule that does not exist", () => {
  const pages = ["receiver.md", "testing.md", "protocol.md", "crypto.md"];
  const inPages = namedIn(
    pages.map((name) => readFileSync(join("docs", name), "utf8")),
    /\bR\d+ to R\d+\b|\bR\d+\b/g,
  );
  const named = [...inCode, ...inTests, ...inPages];
  expect(named.filter((rule) => !rules.includes(rule))).toEqual([]);
});
