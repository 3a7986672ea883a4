import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folders, pages } from "./pages.ts";

/** Files that a deployer writes. */
const notInTheRepository = [
  "deploy/server.env",
  // The slow tests make this folder, so a fresh clone does not have it.
  "test/postgres/node_modules",
  // Packages of Go, in an example.
  "crypto/ed25519",
  "crypto/x509",
];

interface NamedPath {
  readonly line: string;
  readonly path: string;
}

/** Paths of this repository in a text: a top-level folder, a slash, and what follows. */
function namedPaths(file: string): NamedPath[] {
  const path = new RegExp(String.raw`(?<![\w/.@$:-])(${folders.join("|")})/[\w./-]*\w`, "g");
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, index) =>
      Array.from(text.matchAll(path), ([found]) => ({ line: `${file}:${index + 1}`, path: found })),
    );
}

/** A path may leave out the ending of a source or test file, and may begin at the page's folder. */
const exists = (path: string, page: string): boolean =>
  [path, join(dirname(page), path)].some((start) =>
    ["", ".ts", ".test.ts"].some((ending) => existsSync(`${start}${ending}`)),
  ) || notInTheRepository.includes(path);

/** As GitHub makes a heading's anchor. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string): string[] =>
  Array.from(readFileSync(page, "utf8").matchAll(/^#{1,6} (.+)$/gm), ([, heading = ""]) =>
    anchorOf(heading),
  );

test("the search for documented paths finds pages", () => {
  expect(pages.length).toBeGreaterThan(40);
  expect(namedPaths("docs/architecture.md").length).toBeGreaterThan(10);
});

test("documentation and the container image name only paths that exist", () => {
  const files = [...pages, "docker-compose.yml", "deploy/Dockerfile", "deploy/prometheus.yml"];
  const wrong = files.flatMap((file) => namedPaths(file).filter(({ path }) => !exists(path, file)));
  expect(wrong.map(({ line, path }) => `${line} ${path}`)).toEqual([]);
});

test("every link of a page leads to a file and a heading that exist", () => {
  const broken = pages.flatMap((page) =>
    Array.from(readFileSync(page, "utf8").matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g))
      .filter(([, path = "", anchor]) => {
        const target = path === "" ? page : join(dirname(page), path);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      })
      .map(([link]) => `${page} ${link}`),
  );
  expect(broken).toEqual([]);
});
