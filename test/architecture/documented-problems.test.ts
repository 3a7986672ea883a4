import { readFileSync } from "node:fs";
import { problemKinds, type ProblemKind } from "../../contract/problems.ts";
import { pages } from "./pages.ts";

/** The problems that the pages name with their status, such as 409 `contended`. */
const named = pages.flatMap((page) =>
  Array.from(
    readFileSync(page, "utf8").matchAll(/\b([45]\d\d) `([a-z]+(?:_[a-z]+)*)`/g),
    ([, status, code = ""]) => ({ page, status: Number(status), code }),
  ),
);

test("the search for documented problems finds them", () => {
  expect(named.length).toBeGreaterThan(40);
});

test("each problem that a page names with its status is one that the server sends", () => {
  const kinds: Readonly<Record<string, ProblemKind | undefined>> = problemKinds;
  expect(named.filter(({ status, code }) => kinds[code]?.status !== status)).toEqual([]);
});
