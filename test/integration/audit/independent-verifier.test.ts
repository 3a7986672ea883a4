import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { decodeBundle, encodeBundle } from "../../../audit/verify/entry-bundle.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { buildGo } from "../../support/go.ts";
import { MemoryLog } from "../../support/memory-log.ts";

/** Sizes on both sides of every edge of a tree of a few tiles. */
const SIZES = [0, 1, 2, 255, 256, 257, 700, 65_537];
const SIZE = 700;
const entries = Array.from({ length: 65_537 }, (_, index) => utf8(`{"entry":${index}}`));

let folder: string;
let checker: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-go-"));
  checker = buildGo("check-log", folder);
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

let written = 0;
async function write(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const place = join(folder, `log-${written++}`);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), bytes);
  }
  return place;
}

/** The results of golang.org/x/mod and of our verifier. Undefined means success. */
async function bothOf(place: string, vkey: string, old?: string) {
  const go = spawnSync(checker, [place, vkey, ...(old === undefined ? [] : [old])], {
    encoding: "utf8",
  });
  const ours = await verifyFiles(place, { vkey, ...(old !== undefined && { old }) }).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  return { go: go.status === 0 ? undefined : go.stdout.trim(), ours };
}

function logOf(size: number): MemoryLog {
  const log = new MemoryLog("audit.example/t/demo");
  log.append(entries.slice(0, size));
  return log;
}
const vkeyOf = (log: MemoryLog) => formatVkey(nodeChecks.sha256, log.key);

test.each(SIZES)(
  "golang.org/x/mod verifies an export of %i entries, as our verifier does",
  async (size) => {
    const log = logOf(size);
    const place = await write(log.files);
    expect(await bothOf(place, vkeyOf(log))).toEqual({ go: undefined, ours: undefined });
  },
);

describe("both refuse", () => {
  const log = logOf(SIZE);
  const flip = (at: number) => (file: Uint8Array) =>
    file.map((byte, index) => (index === at ? byte ^ 1 : byte));
  const edited = (edit: (entries: Uint8Array[]) => Uint8Array[]) => (file: Uint8Array) =>
    encodeBundle(edit(decodeBundle(file, "")));

  test.each<[string, string, (file: Uint8Array) => Uint8Array, RegExp]>([
    ["a flipped bit in an entry", "tile/entries/001", flip(30), /^entry 258: /],
    [
      "entries in another order",
      "tile/entries/000",
      edited(([a, b, ...rest]) => [b, a, ...rest] as Uint8Array[]),
      /^entry 0: /,
    ],
    ["a missing entry", "tile/entries/001", edited((all) => all.toSpliced(3, 1)), /^entry 259: /],
    [
      "an additional entry",
      "tile/entries/001",
      edited((all) => [...all, utf8("x")]),
      /^entry 512: /,
    ],
    [
      "a shorter last bundle",
      "tile/entries/002.p/188",
      edited((all) => all.slice(0, -1)),
      /^entry 699: /,
    ],
    ["a flipped bit in an upper tile", "tile/1/000.p/2", flip(40), /tile\/1\/000\.p\/2|tile/],
    [
      "a tile that the tree does not have",
      "tile/0/003",
      () => new Uint8Array(8192),
      /^tile\/0\/003: /,
    ],
    ["an altered checkpoint", "checkpoint", flip(25), /signature|verifiable/],
  ])("%s", async (_what, path, change, place) => {
    const files = new Map(log.files);
    files.set(path, change(files.get(path) ?? new Uint8Array(0)));
    const { go, ours } = await bothOf(await write(files), vkeyOf(log));
    expect(ours).toMatch(place);
    expect(go).toEqual(expect.any(String));
    // Both name the same entry, if one is to blame.
    const entry = /^entry \d+/.exec(ours ?? "")?.[0];
    if (entry !== undefined) expect(go).toContain(entry);
  });

  test("another key", async () => {
    const place = await write(log.files);
    const { go, ours } = await bothOf(place, vkeyOf(logOf(0)));
    expect(go).toMatch(/no verifiable signatures/);
    expect(ours).toMatch(/no signature by audit\.example\/t\/demo/);
  });

  test("a log that was rolled back, or forked", async () => {
    const files = new Map(log.files);
    const place = await write(files);
    const old = join(place, "old");
    await writeFile(old, log.signed(logOf(300).head));
    expect(await bothOf(place, vkeyOf(log), old)).toEqual({ go: undefined, ours: undefined });
    await writeFile(old, log.signed({ size: SIZE + 1, root: new Uint8Array(32) }));
    const rolledBack = await bothOf(place, vkeyOf(log), old);
    expect(rolledBack.go).toMatch(/^rolled back/);
    expect(rolledBack.ours).toMatch(/the log had 701 entries/);
    await writeFile(old, log.signed({ size: 300, root: new Uint8Array(32) }));
    const forked = await bothOf(place, vkeyOf(log), old);
    expect(forked.go).toMatch(/^forked/);
    expect(forked.ours).toMatch(/^entries 0 to 299: /);
  });
});
