import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** As a user runs it. */
function demo(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/tools/demo/main.js", ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Ten dialogues, so that one is handed over; a few hold what files of this kind hold. */
const dialogues: readonly string[] = [
  "Doctor: Good morning, what brings you here today?\r\nPatient: My knee hurts when I climb stairs. \r\n",
  '"Doctor: Please describe the pain in your own words.\n Patient: It burns, mostly at night."',
  "Guest_family: He fell off his bicycle yesterday.\nGuest_clinician: Which side did he land on?\nGuest_family_2: The left side, I saw it happen.",
  "Doctor: These are the results:\nhaemoglobin is a little low\n.\n\nPatient: Is that “dangerous”? 🩸 Ünïcödé, 血液検査の結果",
  "Patient: Hello?\nPatient: Hello?\nPatient: Hello?\nDoctor: I am here now, sorry.",
  "Patient: I only wanted to say that I feel better.",
  "Doctor: Any allergies that you know of?\nPatient: No.\nDoctor: No?\nPatient: No.",
  `Doctor: ${"A very long explanation, with commas, and more. ".repeat(60)}\nPatient: Thank you for explaining it.`,
  "Doctor: One last question before you leave us.\nPatient: Of course, ask me anything.",
  Array.from(
    { length: 6 },
    (_, turn) =>
      `Doctor: Question number ${turn} of this long interview\nPatient: Answer number ${turn} to your question`,
  ).join("\n"),
];
const messages = 2 + 2 + 3 + 4 + 4 + 1 + 4 + 2 + 2 + 12;
/** Everyone opens everything: two members, but four in the third; and half of the tenth a third one. */
const opened = 2 * messages + 2 * 3 + 6;

describe("the demo", () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    if (!existsSync("dist/tools/demo/main.js")) throw new Error("Run `npm run build` first.");
    folder = await mkdtemp(join(tmpdir(), "sealdesk-demo-test-"));
    await chmod(folder, 0o755);
    file = join(folder, "dialogues.csv");
    const rows = dialogues.map((text, id) => `${id},"${text.replaceAll('"', '""')}"`);
    await writeFile(file, `﻿ID,dialogue\n${rows.join("\n")}\n`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("replays dialogues: all arrives, nothing else is opened, nothing stands in the database", async () => {
    const kept = join(folder, "kept");
    const options = ["--dialogues", file, "--json", "--keep", kept, "--seed", "5"];
    const { code, stdout, stderr } = await demo(...options);
    expect(stderr).toBe("");
    expect(stdout.trimEnd()).not.toContain("\n");
    const report = JSON.parse(stdout) as Record<string, number>;
    expect(report).toMatchObject({
      conversations: 10,
      failed: 0,
      messages,
      opened,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      openedWithoutRight: 0,
      altered: 0,
      plaintextFoundInDatabase: 0,
      problems: 0,
      seconds: expect.any(Number) as number,
    });
    // The newcomer tries six messages and the outsider all twelve, each in more than one way.
    expect(report["attemptsWithoutRight"]).toBeGreaterThan(18);
    expect(report["connectionsCut"]! + report["devicesReopened"]!).toBeGreaterThan(0);
    expect(code).toBe(0);
    expect(await readdir(kept)).toEqual(expect.arrayContaining(["development", "postgres"]));
  }, 180_000);

  test("shows a conversation beside the database's view of it, within 100 columns", async () => {
    const { code, stdout } = await demo();
    expect(code).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/Ben's device: Maya said +\| .*\n? +Hello, my card/);
    expect(stdout).toMatch(/seq 2, epoch 1, key [0-9a-f-]{13}\.\.\./);
    const numbers = stdout.match(/^ {2}(\d{5} ){11}\d{5}$/gm);
    expect(numbers).toHaveLength(2);
    expect(numbers![0]).toBe(numbers![1]);
    // Not a terminal: no colours, no cursor movements.
    expect(stdout).not.toContain("\u001b");
  }, 60_000);

  test("says in one sentence what it cannot do", async () => {
    const used = join(folder, "used");
    await mkdir(join(used, "something"), { recursive: true });
    const failing = [
      { args: ["--limit", "3"], says: /go with --dialogues/ },
      { args: ["--dialogues", join(folder, "absent.csv")], says: /absent\.csv/ },
      { args: ["--dialogues", file, "--limit", "none"], says: /--limit must be a whole number/ },
      { args: ["--dialogues", file, "--keep", used], says: /is not empty/ },
    ];
    for (const { args, says } of failing) {
      const { code, stderr } = await demo(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(says);
      expect(stderr.trimEnd()).not.toContain("\n");
    }
  }, 60_000);
});
