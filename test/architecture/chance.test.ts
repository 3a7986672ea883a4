import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { shortNeedles } from "./short-needles.ts";
import { unseededProperties } from "./unseeded-properties.ts";

// The architecture tests read this repository's own names, in which nothing is random.
const files = (await readdir("test", { recursive: true })).filter(
  (name) => name.endsWith(".ts") && !name.startsWith("architecture/"),
);
const sources = await Promise.all(
  files.map(async (name) => ({ name, source: await readFile(join("test", name), "utf8") })),
);

/** Needles that look short and cannot occur by chance, because of where they are looked for. */
const exceptions: readonly string[] = [
  // Characters and names that no file name may hold, looked for in one name made for the purpose.
  "unit/client/safe-name.test.ts: /[\\p{Cc}\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]/",
  "unit/client/safe-name.test.ts: /^(con|prn|aux|nul|com[\\d¹²³]|lpt[\\d¹²³]|conin\\$|conout\\$)\\s*(\\.|$)/",
  // Entries that are made for the purpose, in which nothing is random.
  "unit/audit/framing.test.ts: /^\\s*[=+\\-@]/",
  "unit/audit/framing.test.ts: /[\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202e\\u2066]/",
  // Figures and fixed names; an id is what this looks for.
  "integration/observability/metrics.test.ts: /[0-9a-f]{8}-[0-9a-f]{4}-/",
];

describe("no test fails by chance", () => {
  test("each text that a test requires to be absent is too long or too odd to occur by chance", () => {
    const found = sources.flatMap(({ name, source }) =>
      shortNeedles(source).map((needle) => `${name}: ${needle}`),
    );
    expect(found).toEqual(exceptions);
  });

  test("every property is checked with a seed, which fast-check prints when it fails", () => {
    const found = sources.filter(({ source }) => unseededProperties(source) > 0);
    expect(found.map(({ name }) => name)).toEqual([]);
  });

  test("the rule finds a property without a seed", () => {
    expect(unseededProperties("fc.assert(fc.property(fc.nat(), (n) => n >= 0));")).toBe(1);
    expect(unseededProperties("await fc.check(made, { numRuns: 9 });")).toBe(1);
    expect(unseededProperties("fc.assert(made, { seed: 7, numRuns: 9 });")).toBe(0);
    expect(unseededProperties("fc.assert(made, property);")).toBe(0);
  });

  test.each([
    ["a short pattern", "expect(text).not.toMatch(/ada|7946/);", ["/ada|7946/"]],
    ["a short text", 'expect(text).not.toContain("secret");', ['"secret"']],
    ["a short message", 'expect(run).not.toThrow("hunter2");', ['"hunter2"']],
    ["a matcher", 'expect(a).toEqual(expect.not.stringContaining("ada"));', ['"ada"']],
    ["a matcher of a pattern", "expect(a).toEqual(expect.not.stringMatching(/a.a/));", ["/a.a/"]],
    ["includes", 'expect(text.includes("patient")).toBe(false);', ['"patient"']],
    ["includes in a list", 'expect([1, text.includes("ada")]).toEqual([1, false]);', ['"ada"']],
    ["not includes", 'expect(text.includes("ada")).not.toBe(true);', ['"ada"']],
    ["indexOf", 'expect(text.indexOf("ada")).toBe(-1);', ['"ada"']],
    ["test", "expect(/ada/.test(text)).toBe(false);", ["/ada/"]],
    ["match", "expect(text.match(/ada/)).toBeNull();", ["/ada/"]],
    ["filter", 'expect(all.filter((x) => x.includes("ada"))).toEqual([]);', ['"ada"']],
    ["a promise", 'await expect(read()).resolves.not.toContain("4711");', ['"4711"']],
    ["a constant", 'const pin = "4711"; expect(text).not.toContain(pin);', ['"4711"']],
    [
      "a loop",
      'const all = [key, ...["jane"]]; for (const x of all) expect(t.includes(x)).toBe(false);',
      ['"jane"'],
    ],
    ["one alternative of two", "expect(t).not.toMatch(/long enough|ada/);", ["/long enough|ada/"]],
    ["what is optional", "expect(t).not.toMatch(/ada(?: )?b~*/);", ["/ada(?: )?b~*/"]],
  ])("the rule finds %s", (_what, source, needles) => {
    expect(shortNeedles(source)).toEqual(needles);
  });

  test.each([
    'expect(text).not.toContain("ada@example.com");',
    'expect(text).not.toContain("a long-enough name");',
    'expect(text).not.toContain("twelveletters");',
    "expect(text).not.toContain(secret);",
    "expect(text).not.toMatch(/[\\r\\n]|<script>/);",
    'expect(text).toContain("ada");',
    'expect(text.includes("ada")).toBe(true);',
  ])("the rule allows %s", (source) => {
    expect(shortNeedles(source)).toEqual([]);
  });
});
