import { execFile } from "node:child_process";
import { existsSync } from "node:fs";

interface Report {
  readonly synced: number;
  readonly delivered: number;
  readonly outOfOrder: number;
  readonly memoryBeforeMiB: number;
  readonly memoryAtMostMiB: number;
}

/** As a user runs it. */
function storm(...args: readonly string[]): Promise<{ readonly code: number; report: Report }> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ["dist/tools/chaos/storm/main.js", ...args],
      (error, stdout, stderr) => {
        if (stdout === "") return reject(new Error(stderr));
        const code = typeof error?.code === "number" ? error.code : 0;
        resolve({ code, report: JSON.parse(stdout) as Report });
      },
    );
  });
}

describe("a storm", () => {
  beforeAll(() => {
    if (!existsSync("dist/tools/chaos/storm/main.js"))
      throw new Error("Run `npm run build` first.");
  });

  test("R3: 5,000 devices come back at once with 20 messages each waiting: all catch up, in bounded memory", async () => {
    const { code, report } = await storm("--devices", "5000", "--waiting", "20");
    // The event that began the conversation comes with the messages.
    expect(report).toMatchObject({ synced: 5_000, delivered: 5_000 * 21, outOfOrder: 0 });
    expect(report.memoryAtMostMiB - report.memoryBeforeMiB).toBeLessThan(600);
    expect(code).toBe(0);
  }, 300_000);
});
