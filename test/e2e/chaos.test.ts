import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";

/** As a user runs it. */
function chaos(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/tools/chaos/main.js", ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("sealdesk-chaos-"));

describe("chaos", () => {
  beforeAll(() => {
    if (!existsSync("dist/tools/chaos/main.js")) throw new Error("Run `npm run build` first.");
  });

  test("200 devices in 50 conversations, 60 s of kills: each message to each member, once, in order", async () => {
    const before = await leftovers();
    const { code, stdout, stderr } = await chaos(
      "--seconds=60",
      "--seed=7",
      "--nodes=1",
      "--no-redis",
      "--json",
    );
    // Without a report, the reason is what it complains of.
    expect(stdout === "" ? stderr : "").toBe("");
    expect(stdout.trimEnd()).not.toContain("\n");
    const report = JSON.parse(stdout) as Record<string, number> & {
      readonly faults: object;
    };
    expect(report).toMatchObject({
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      gapsAnnounced: 0,
      hashMismatches: 0,
      undecryptable: 0,
      seconds: 60,
      seed: 7,
    });
    expect(report["accepted"]).toBeGreaterThan(500);
    expect(report["delivered"]).toBe(4 * report["accepted"]!);
    expect(report["kills"]).toBeGreaterThanOrEqual(10);
    expect(report["faults"]).toMatchObject({
      relaysKilled: expect.any(Number),
      connectionsCut: expect.any(Number),
    });
    // What it complains of, where the verdict alone does not say why.
    expect(code === 0 ? "" : stderr).toBe("");
    expect(await leftovers()).toEqual(before);
  }, 480_000);

  test("says in one sentence what it cannot do", async () => {
    const failing = [
      { args: ["--seconds", "none"], says: /--seconds must be a whole number/ },
      { args: ["--devices", "20"], says: /two for each/ },
      { args: ["--nodes", "0"], says: /--nodes must be a whole number, 1 or more/ },
    ];
    for (const { args, says } of failing) {
      const { code, stderr } = await chaos(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(says);
      expect(stderr.trimEnd()).not.toContain("\n");
    }
  });
});
