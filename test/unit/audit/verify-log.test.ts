import { nodeChecks } from "../../../audit/node-checks.ts";
import { decodeBundle, encodeBundle } from "../../../audit/verify/entry-bundle.ts";
import { bundlePath, parseTilePath, tilePath, tilesOf } from "../../../audit/verify/tile.ts";
import { pathsOf, verifyLog } from "../../../audit/verify/verify-log.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

/** The size in C2SP's example. */
const SIZE = 70_000;
/** Seven full tiles and a partial one. */
const LENGTH = 2_000;
const entries = Array.from({ length: SIZE }, (_, index) => utf8(`entry ${index}`));

function logOf(size: number): MemoryLog {
  const log = new MemoryLog();
  log.append(entries.slice(0, size));
  return log;
}

describe("tile paths (C2SP tlog-tiles)", () => {
  test("match the specification", () => {
    expect(tilePath({ level: 0, index: 1234067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(tilePath({ level: 1, index: 5, width: 3 })).toBe("tile/1/005.p/3");
    expect(bundlePath(1000, 256)).toBe("tile/entries/x001/000");
    const tiles = [...tilesOf(SIZE)];
    expect(tiles.filter(({ level, width }) => level === 0 && width === 256)).toHaveLength(273);
    expect(tiles.slice(273).map(tilePath)).toEqual([
      "tile/0/273.p/112",
      "tile/1/000",
      "tile/1/001.p/17",
      "tile/2/000.p/1",
    ]);
    expect([...tilesOf(256)].map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
    expect([...tilesOf(0)]).toEqual([]);
  });

  test("are read in the form in which they are written, and in no other form", () => {
    for (const path of pathsOf(SIZE)) {
      const parsed = parseTilePath(path);
      expect(
        parsed.kind === "tile" ? tilePath(parsed.tile) : bundlePath(parsed.index, parsed.width),
      ).toBe(path);
    }
    for (const path of [
      "tile/0/0",
      "tile/00/000",
      "tile/0/x000/001",
      "tile/0/000.p/256",
      "tile/0/000.p/0",
      "tile/0/000.p/01",
      "tile/64/000",
      "tile/0/../../checkpoint",
      "tile/data/000",
    ])
      expect(() => parseTilePath(path)).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

describe("entry bundles", () => {
  test("hold entries of every possible length", () => {
    const whole = [new Uint8Array(0), utf8("a"), new Uint8Array(65_535).fill(7)];
    expect(decodeBundle(encodeBundle(whole), "here").map((entry) => entry.length)).toEqual([
      0, 1, 65_535,
    ]);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
    expect(() => decodeBundle(encodeBundle(whole).slice(0, -1), "here")).toThrow(
      expect.objectContaining({ code: "malformed", place: "here" }),
    );
  });
});

describe("a whole log", () => {
  const log = logOf(LENGTH);
  /** Verifies the log with one file altered. Undefined removes the file. */
  const verify = (
    changes: Record<string, ((file: Uint8Array) => Uint8Array) | undefined>,
    question: Partial<Parameters<typeof verifyLog>[2]> = {},
  ) => {
    const changed = new Map(log.files);
    for (const [path, change] of Object.entries(changes))
      if (change === undefined) changed.delete(path);
      else changed.set(path, change(changed.get(path) ?? new Uint8Array(0)));
    return verifyLog(
      nodeChecks,
      {
        read: (path) => Promise.resolve(changed.get(path)),
        async *list() {
          yield* changed.keys();
        },
      },
      { key: log.key, ...question },
    );
  };
  const edited = (edit: (entries: Uint8Array[]) => Uint8Array[]) => (file: Uint8Array) =>
    encodeBundle(edit(decodeBundle(file, "")));
  const flip = (at: number) => (file: Uint8Array) =>
    file.map((byte, index) => (index === at ? byte ^ 1 : byte));

  test("verifies at sizes on both sides of every edge", async () => {
    await verify({});
    for (const size of [0, 1, 255, 256, 257, 65_536]) {
      const other = logOf(size);
      const seen: number[] = [];
      await verifyLog(nodeChecks, other, {
        key: other.key,
        onEntry: (_, index) => seen.push(index),
      });
      expect(seen).toHaveLength(size);
    }
  });

  test.each([
    ["a flipped bit in an entry", { "tile/entries/006": flip(20) }, "mismatch", "entry 1537"],
    [
      "two entries that were swapped",
      { "tile/entries/002": edited(([a, b, ...rest]) => [b, a, ...rest] as Uint8Array[]) },
      "mismatch",
      "entry 512",
    ],
    [
      "a missing entry",
      { "tile/entries/002": edited((all) => all.slice(0, 255)) },
      "missing",
      "entry 767",
    ],
    [
      "an additional entry",
      { "tile/entries/002": edited((all) => [...all, utf8("more")]) },
      "extra",
      "entry 768",
    ],
    [
      "a truncated bundle",
      { "tile/entries/003": (file: Uint8Array) => file.slice(0, -3) },
      "malformed",
      "entries from 768, tile/entries/003",
    ],
    ["no bundle", { "tile/entries/005": undefined }, "missing", "entry 1280"],
    ["a flipped bit in a leaf hash", { "tile/0/004": flip(33) }, "mismatch", "entry 1025"],
    [
      "a flipped bit in an upper tile",
      { "tile/1/000.p/7": flip(64) },
      "mismatch",
      "tile/1/000.p/7",
    ],
    ["no tile", { "tile/1/000.p/7": undefined }, "missing", "tile/1/000.p/7"],
    ["a tile beyond the end", { "tile/0/008": () => new Uint8Array(8192) }, "extra", "tile/0/008"],
    ["no checkpoint", { checkpoint: undefined }, "missing", "checkpoint"],
    ["an altered checkpoint", { checkpoint: flip(17) }, "wrong_signature", "checkpoint"],
  ] as const)(
    "with %s is refused, and the error names the place",
    async (_, changes, code, place) => {
      await expect(verify({ ...changes })).rejects.toMatchObject({ code, place });
    },
  );

  test("a consistent alteration is refused by the signed root", async () => {
    const forged = logOf(0);
    forged.append(
      entries.slice(0, LENGTH).map((entry, index) => (index === 9 ? utf8("forged") : entry)),
    );
    forged.files.set("checkpoint", log.files.get("checkpoint") ?? new Uint8Array());
    await expect(verifyLog(nodeChecks, forged, { key: log.key })).rejects.toMatchObject({
      code: "mismatch",
      place: "checkpoint",
    });
  });

  test("is refused under another key, and compared with its earlier head", async () => {
    await expect(verify({}, { key: logOf(0).key })).rejects.toMatchObject({ code: "unsigned" });
    await verify({}, { old: [logOf(1000).head] });
    await expect(
      verify({}, { old: [logOf(1000).head, { ...logOf(1000).head, size: 1001 }] }),
    ).rejects.toMatchObject({
      code: "forked",
      place: "entries 0 to 1000",
    });
    await expect(
      verify({}, { old: [{ size: LENGTH + 1, root: log.head.root }] }),
    ).rejects.toMatchObject({ code: "rolled_back", place: `entry ${LENGTH}` });
  });

  test("may lack pruned bundles, and only those", async () => {
    const changes = { "tile/entries/000": undefined, "tile/entries/001": undefined };
    await verify(changes, { prunedBelow: 512 });
    await expect(verify(changes, { prunedBelow: 511 })).rejects.toMatchObject({
      place: "entry 256",
    });
  });

  test("accepts a full tile in place of the partial one that it replaced", async () => {
    const grown = logOf(300);
    const partialHead = logOf(200).head;
    const files = new Map(grown.files);
    files.set("checkpoint", utf8(grown.signed(partialHead)));
    const source = { read: (path: string) => Promise.resolve(files.get(path)) };
    await verifyLog(nodeChecks, source, { key: grown.key });
  });
});
