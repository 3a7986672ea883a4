import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventKinds } from "../../crypto/wire/frame.ts";

const protocol = readFileSync("docs/protocol.md", "utf8");

/** The rows of the table under a heading, without its head. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = protocol.split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("docs/protocol.md has the number of each kind of event", () => {
  const documented = rowsUnder("Kinds of events").map(([number, kind]) => [kind, Number(number)]);
  expect(Object.fromEntries(documented)).toEqual(eventKinds);
});

test("docs/protocol.md has every label that devices use, and no other", () => {
  const used = ["crypto", "client"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => join(folder, path))
      .filter((path) => path.endsWith(".ts") && !/(^|\/)(dist|node_modules)\//.test(path))
      .flatMap((path) => readFileSync(path, "utf8").match(/\bsealdesk\/[a-z-]+\/v\d\b/g) ?? []),
  );
  const documented = rowsUnder("Labels").map(([label]) => label);
  expect(new Set(documented)).toEqual(new Set(used));
});
