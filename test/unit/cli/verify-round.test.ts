import fc from "fast-check";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { bundlePath, TILE_WIDTH } from "../../../audit/verify/tile.ts";
import { paced } from "../../../cli/commands/audit/watch/paced.ts";
import { verifyRound, type Round } from "../../../cli/commands/audit/watch/verify-round.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { approvers } from "../../support/approvers.ts";
import { signedStatement } from "../../support/signed-statement.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const entries = (from: number, until: number, word = "entry"): Uint8Array[] =>
  Array.from({ length: until - from }, (_, at) => utf8(`${word} ${from + at}`));
const logOf = (size: number): MemoryLog => {
  const log = new MemoryLog();
  log.append(entries(0, size));
  return log;
};
const look = (source: LogSource, log: MemoryLog, changes: Partial<Round> = {}) =>
  verifyRound(source, {
    key: log.key,
    approvers: [],
    last: undefined,
    isWhole: false,
    prunedBelow: 0,
    elsewhere: [],
    behindMs: 0,
    ...changes,
  });
const headOf = ({ key, head }: MemoryLog) => ({ origin: key.name, ...head });

/** A log in which one letter of an entry was changed. */
function altered(log: MemoryLog, index: number): LogSource {
  const first = Math.floor(index / TILE_WIDTH) * TILE_WIDTH;
  const path = bundlePath(first / TILE_WIDTH, Math.min(TILE_WIDTH, log.head.size - first));
  const bundle = Buffer.from(log.files.get(path) ?? []);
  bundle.write("E", bundle.indexOf(`entry ${index}`));
  return { read: async (asked) => (asked === path ? bundle : log.read(asked)) };
}

test("a second look reads only what was added, and the tiles that lead to it", async () => {
  const log = logOf(600);
  const { head: last } = await look(log, log);
  log.append(entries(600, 900));
  const read: string[] = [];
  const source: LogSource = {
    read: async (path) => {
      read.push(path);
      return log.read(path);
    },
  };
  expect((await look(source, log, { last })).head.size).toBe(900);
  const bundles = read.filter((path) => path.startsWith("tile/entries/"));
  expect(bundles.toSorted()).toEqual(["tile/entries/002", "tile/entries/003.p/132"]);
});

test("each added entry is verified, at any two sizes", async () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 700 }));
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async ([before, more], at) => {
      const log = logOf(before);
      const last = headOf(log);
      log.append(entries(before, before + more));
      expect((await look(log, log, { last })).head.size).toBe(before + more);
      const index = before + (at % more);
      await expect(look(altered(log, index), log, { last })).rejects.toMatchObject({
        code: "mismatch",
        place: `entry ${index}`,
      });
    }),
    { seed: 6, numRuns: 40 },
  );
});

test("an entry that was verified before is found altered when every entry is read", async () => {
  const log = logOf(600);
  const last = headOf(log);
  await look(altered(log, 7), log, { last });
  await expect(look(altered(log, 7), log, { last, isWhole: true })).rejects.toMatchObject({
    code: "mismatch",
    place: "entry 7",
  });
});

describe("a log that does not extend", () => {
  const log = logOf(600);
  const shorter = log.again(entries(0, 599));
  const other = log.again(entries(0, 700, "other"));
  const kept = { head: headOf(log), where: "the archive /mnt/worm" };

  test.each([
    [
      "what was verified last, because it is shorter",
      shorter,
      { last: headOf(log) },
      "rolled_back",
    ],
    ["what was verified last, because it is another", other, { last: headOf(log) }, "forked"],
    ["what another keeps, because it is shorter", shorter, { elsewhere: [kept] }, "rolled_back"],
    ["what another keeps, because it is another", other, { elsewhere: [kept] }, "forked"],
  ])("%s is a fault", async (_, shown, changes, code) => {
    for (const isWhole of [false, true])
      await expect(look(shown, log, { ...changes, isWhole })).rejects.toMatchObject({ code });
  });

  test("what another keeps is a fault that names who keeps it", async () => {
    await expect(look(other, log, { elsewhere: [kept] })).rejects.toThrow(
      /^the archive \/mnt\/worm: keeps a head that the log does not extend\. tree of 600: /,
    );
  });
});

describe("after a restore from a backup of 800 entries", () => {
  const log = logOf(500);
  const middle = headOf(log);
  log.append(entries(500, 800));
  const continues = log.head;
  log.append(entries(800, 1_000));
  const published = log.head;
  const restored = log.again(entries(0, 900));
  restored.files.set("checkpoint", utf8(log.signed({ ...restored.head, restores: 1 })));
  beforeAll(async () => {
    const lost = { restores: 1, published, continues };
    restored.files.set("restore/1", utf8(await signedStatement(log, lost)));
  });

  test.each([
    ["before what the restore took away", middle, 500],
    ["within what the restore took away", { origin: log.key.name, ...published }, 800],
  ])("every entry above a head from %s is verified", async (_, last, from) => {
    expect(await look(restored, log, { last, approvers })).toMatchObject({ from });
    for (const index of [from, 799, 800, 899].filter((each) => each >= from))
      await expect(look(altered(restored, index), log, { last, approvers })).rejects.toMatchObject({
        code: "mismatch",
        place: `entry ${index}`,
      });
  });
});

test("heads are compared before any entry is read, which may take long", async () => {
  const log = logOf(600);
  const last = headOf(log);
  const other = log.again(entries(0, 700, "other"));
  const endless: LogSource = {
    read: async (path) => {
      if (path.startsWith("tile/entries/")) throw new Error("An entry was read.");
      return other.read(path);
    },
  };
  const kept = { head: last, where: "the archive /mnt/worm" };
  for (const isWhole of [false, true])
    for (const changes of [{ last }, { elsewhere: [kept] }])
      await expect(look(endless, log, { ...changes, isWhole })).rejects.toMatchObject({
        code: "forked",
      });
});

describe("a source that is too slow", () => {
  const slow = (msPerRead: number, bytes: number) => {
    let nowMs = 5_000;
    const source: LogSource = {
      read: async () => {
        nowMs += msPerRead;
        return new Uint8Array(bytes);
      },
    };
    return paced(source, { graceMs: 60_000, mostMs: 3_600_000, steady: () => nowMs });
  };
  const readAll = async (source: LogSource, count: number) => {
    for (let at = 0; at < count; at++) await source.read("checkpoint");
  };

  test("is left after the time of grace", async () => {
    await readAll(slow(6_000, 100), 10);
    await expect(readAll(slow(6_000, 100), 11)).rejects.toThrow(/served too slowly: 1100 bytes/);
  });

  test("is left after the longest time, however much it sends", async () => {
    await readAll(slow(1_000, 100_000), 3_600);
    await expect(readAll(slow(1_000, 100_000), 3_601)).rejects.toThrow(/in 60 minutes/);
  });
});
