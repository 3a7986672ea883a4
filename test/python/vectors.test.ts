/**
 * The test vectors are what `npm run vectors` makes, and the code under test opens the accepted ones
 * and refuses the others. `verify.test.ts` lets another implementation do the same.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { formats } from "./vectors/formats.ts";

const folder = new URL("../vectors/", import.meta.url);
const made = await Promise.all(formats.map((make) => make()));

test.each(made.map((format) => [format.name, format] as const))(
  "the vectors of %s are those that the code makes, and it refuses the others",
  async (name, { defined, accepted, refused, open }) => {
    const file = new URL(`${name}.json`, folder);
    const text = `${JSON.stringify({ defined, accepted, refused }, undefined, 2)}\n`;
    if (process.env["WRITE_VECTORS"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));

    for (const { input, expected } of accepted) expect(await open(input)).toEqual(expected);
    const opened: string[] = [];
    for (const vector of refused)
      try {
        await open(vector.input);
        opened.push(vector.name);
      } catch {
        // Refused, as it should be.
      }
    expect(opened).toEqual([]);
    const names = [...accepted, ...refused].map((vector) => vector.name);
    expect(new Set(names).size).toBe(names.length);
  },
);

test("no file is left of a format that is gone", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  expect(files.toSorted()).toEqual(made.map(({ name }) => `${name}.json`).toSorted());
});
