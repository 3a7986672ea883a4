import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Parameters and properties that hold a point in time, with a name that does not say its unit. */
const unitless = (source: string): readonly string[] =>
  [...source.matchAll(/#?\b(?:now|since|deadline|expires|expiresAt)\??: number\b/g)].map(
    ([found]) => found,
  );

test.each([
  ["function take(now: number) {}", ["now: number"]],
  ["interface Sign { readonly since: number | null }", ["since: number"]],
  ["class Wait { #deadline: number = 0 }", ["#deadline: number"]],
  ["function take(nowMs: number, sinceMicros: number) {}", []],
  ["interface Deps { readonly now: () => number }", []],
])("the search for times without a unit judges rightly: %s", (source, found) => {
  expect(unitless(source)).toEqual(found);
});

test("the name of a time says its unit", () => {
  const sources = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], {
    encoding: "utf8",
  })
    .split("\n")
    .filter((path) => path !== "" && !path.endsWith("/named-units.test.ts"));
  expect(sources.length).toBeGreaterThan(1_000);
  const found = sources.flatMap((path) =>
    unitless(readFileSync(path, "utf8")).map((name) => `${path}: ${name}`),
  );
  expect(found).toEqual([]);
});
