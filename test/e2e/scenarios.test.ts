import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** As a user runs it. */
function scenarios(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/tools/scenarios/main.js", ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("sealdesk-scenario-"));

describe("scenarios", () => {
  let folder: string;
  beforeAll(async () => {
    if (!existsSync("dist/tools/scenarios/main.js")) throw new Error("Run `npm run build` first.");
    folder = await mkdtemp(join(tmpdir(), "sealdesk-dialogues-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("an erasure survives a sealed key service, and kill -9 in each of its steps", async () => {
    const file = join(folder, "dialogues.csv");
    await writeFile(
      file,
      'ID,dialogue\n0,"Doctor: Which knee is it that hurts?\nPatient: The left one, since the bicycle accident."\n',
    );
    const before = await leftovers();
    const { code, stdout, stderr } = await scenarios("S9", "--dialogues", file, "--json");
    expect(stdout.trimEnd()).not.toContain("\n");
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      scenario: "S9",
      failures: [],
      passed: true,
      keysLeft: 0,
      opened: 0,
      certificatesTooEarly: 0,
      certificateVerified: true,
      auditVerified: true,
      plaintextFound: 0,
    });
    expect(report["killedSteps"]).toBeGreaterThanOrEqual(7);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await leftovers()).toEqual(before);
  }, 600_000);

  test("a copy survives kill -9 of the device and of the server, and is refused after one flipped bit", async () => {
    const { code, stdout, stderr } = await scenarios("S5", "--messages", "600", "--json");
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      scenario: "S5",
      failures: [],
      messages: 600,
      messagesInCopy: 600,
      verified: true,
      flippedBitRefused: true,
      plaintextFound: 0,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }, 480_000);

  test("says in one sentence what it cannot do", async () => {
    const failing = [
      { args: ["S5", "--messages", "0"], says: /--messages must be a whole number, 1 or more/ },
      { args: ["S99"], says: /There is no scenario S99/ },
      { args: ["S4", "--dialogues", join(folder, "absent.csv")], says: /absent\.csv/ },
    ];
    for (const { args, says } of failing) {
      const { code, stdout, stderr } = await scenarios(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stdout + stderr).toMatch(says);
    }
  }, 60_000);
});
