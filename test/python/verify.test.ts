import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { ensureInstalled } from "../support/debian-packages.ts";

const script = fileURLToPath(new URL("verify.py", import.meta.url));
const vectors = fileURLToPath(new URL("../vectors", import.meta.url));
/** Debian's Python, which finds Debian's packages. */
const python = "/usr/bin/python3";

const hasPackages = () =>
  spawnSync(python, ["-c", "import nacl.bindings, cryptography"]).status === 0;
const verify = (folder: string) => spawnSync(python, ["-B", script, folder], { encoding: "utf8" });

let folder: string;
beforeAll(() => ensureInstalled(hasPackages, ["python3", "python3-cryptography", "python3-nacl"]));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealdesk-vectors-"));
  cpSync(vectors, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

test("an implementation in Python agrees on every vector", () => {
  const { status, stdout, stderr } = verify(folder);
  expect([stderr, status]).toEqual(["", 0]);
  expect(stdout.trim().split("\n")).toHaveLength(readdirSync(folder).length);
}, 120_000);

interface Vectors {
  readonly accepted: { input: object; expected: Record<string, unknown> }[];
  readonly refused: { name: string; input: object }[];
}

function altered(name: string, alter: (vectors: Vectors) => void) {
  const file = join(folder, `${name}.json`);
  const read = JSON.parse(readFileSync(file, "utf8")) as Vectors;
  alter(read);
  for (const other of readdirSync(folder))
    if (other !== `${name}.json`) rmSync(join(folder, other));
  writeFileSync(file, JSON.stringify(read));
  return verify(folder);
}

test("it notices a vector that says something else, and one that should have been refused", () => {
  const wrong = altered("receipt", ({ accepted }) => {
    accepted[0]!.expected["type"] = "consent";
  });
  expect([wrong.status, wrong.stdout]).toEqual([1, expect.stringContaining("instead of")]);
  const good = altered("receipt", ({ accepted, refused }) => {
    refused[0]!.input = accepted[1]!.input;
  });
  expect([good.status, good.stdout]).toEqual([1, expect.stringContaining("not refused")]);
});

test("it has a check for every format", () => {
  writeFileSync(join(folder, "unknown-format.json"), "{}");
  const { status, stderr } = verify(folder);
  expect([status, stderr]).toEqual([1, expect.stringContaining("there must be one check")]);
}, 120_000);
