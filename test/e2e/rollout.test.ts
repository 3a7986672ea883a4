import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensureInstalled } from "../support/debian-packages.ts";

// The built benchmark, with the built server: `npm run build` comes before these tests.
const bench = fileURLToPath(new URL("../../dist/tools/bench/main.js", import.meta.url));

interface Report {
  readonly rounds: readonly {
    readonly sent: number;
    readonly lost: number;
    readonly doubled: number;
    readonly leftBehind: number;
    readonly closes: Readonly<Record<string, number>>;
  }[];
}

test("two nodes behind HAProxy are restarted one after the other: devices move, and no message waits for a back-off", async () => {
  ensureInstalled(() => spawnSync("haproxy", ["-v"]).status === 0, ["haproxy"]);
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [bench, "rollout", "--rounds", "1", "--json"]);
  const [round] = (JSON.parse(stdout) as Report).rounds;
  expect(round).toMatchObject({ lost: 0, doubled: 0 });
  expect(round!.sent).toBeGreaterThan(0);
  // No process ended before another node had let in each device that it told to go.
  expect(round!.leftBehind).toBe(0);
  // Every device was moved: 3001 is followed by another connection at once. Any other code, 1006 for
  // an attempt that failed included, is followed by a back-off. 1000 ends the test.
  const { "3001": moved = 0, "1000": _, ...failures } = round!.closes;
  expect(moved).toBeGreaterThanOrEqual(7);
  expect(failures).toEqual({});
}, 180_000);
