import { readdirSync } from "node:fs";
import { join } from "node:path";

const generated = /(^|\/)(node_modules|dist|coverage)(\/|$)/;
/** The folders of this repository. */
export const folders = readdirSync(".", { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !generated.test(entry.name),
  )
  .map(({ name }) => name);

/** Pages that say what exists now; the change log also names what was. */
export const pages = [
  "README.md",
  ...folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => join(folder, path))
      .filter((path) => path.endsWith(".md") && !generated.test(path)),
  ),
];
