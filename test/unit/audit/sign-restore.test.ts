import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { createApproverKey, parseApproverKey } from "../../../audit/restore/approver-key.ts";
import { createDeclaration, formatDeclaration } from "../../../audit/restore/declaration.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import type { TreeHead } from "../../../audit/verify/checkpoint.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { createKeyCommand } from "../../../cli/commands/audit/restore/key.ts";
import { signCommand } from "../../../cli/commands/audit/restore/sign.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { approver } from "../../support/approvers.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const origin = "desk.example/audit/t/demo";
const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));
const base64 = ({ root }: TreeHead) => toBase64(root);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-sign-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function keptAs(name: string, log: MemoryLog): Promise<string> {
  for (const [path, bytes] of log.files) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return join(folder, name);
}

/** A log of 9 entries, of which a declaration says that it continues at `continues`. */
async function setUp(continues?: TreeHead) {
  const log = new MemoryLog(origin);
  log.append(entries(0, 5));
  const at5 = log.head;
  log.append(entries(5, 9));
  const [file, key] = [join(folder, "note"), join(folder, "alice.key")];
  await writeFile(key, createApproverKey("alice"), { mode: 0o600 });
  const alice = parseApproverKey(await readFile(key, "utf8"));
  const approvers = [alice.key, approver("bob").key];
  const cause = { backupOfMs: 1_000, declaredAtMs: 2_000, reason: "fire", approvers };
  const restored = { origin, restores: 3, published: log.head, continues: continues ?? at5 };
  await writeFile(file, formatDeclaration(createDeclaration(cause, [restored])));
  return {
    log,
    at5,
    file,
    alice,
    isSigned: async () => (await readFile(file, "utf8")).includes("\u2014 alice "),
    /** @returns what the command prints */
    sign: async (...tiles: string[]) => {
      const lines: string[] = [];
      const options = { key, ...(tiles.length > 0 && { tiles }) };
      await signCommand(file, options, (text) => Promise.resolve(void lines.push(text)));
      return lines.join("\n");
    },
  };
}

test("the signer is shown the number of the restore and both heads", async () => {
  const { log, at5, sign, isSigned } = await setUp();
  const said = await sign();
  for (const line of [
    "restores 3",
    `published 9 ${base64(log.head)}`,
    `continues 5 ${base64(at5)}`,
  ])
    expect(said).toContain(line);
  expect(said).toContain("Nothing was compared");
  expect(await isSigned()).toBe(true);
});

test("a log that the signer kept proves from where the log continues", async () => {
  const { log, sign, isSigned } = await setUp();
  const same = log.again(entries(0, 6));
  const said = await sign(await keptAs("all", log), await keptAs("same", same));
  expect(said).toContain("has the 5 entries from which it continues");
  expect(said).not.toContain("Nothing was compared");
  expect(await isSigned()).toBe(true);
});

describe("nothing is signed", () => {
  test("if the log continues from other entries than the signer kept", async () => {
    const forged = new MemoryLog(origin);
    forged.append(entries(500, 505));
    const { log, sign, isSigned } = await setUp(forged.head);
    await expect(sign(await keptAs("kept", log))).rejects.toMatchObject({ code: "forked" });
    expect(await isSigned()).toBe(false);
  });

  test("if another history was published than the signer kept", async () => {
    const { log, sign, isSigned } = await setUp();
    const other = log.again([...entries(0, 5), ...entries(70, 74)]);
    await expect(sign(await keptAs("kept", other))).rejects.toMatchObject({ code: "forked" });
    expect(await isSigned()).toBe(false);
  });

  test.each<[string, (log: MemoryLog) => MemoryLog, RegExp]>([
    ["has fewer entries", (log) => log.again(entries(0, 4)), /4 entries.*later export/],
    ["is another one", () => new MemoryLog("desk.example/audit/t/else"), /does not name/],
  ])("if the log that the signer kept %s", async (_, make, message) => {
    const { log, sign, isSigned } = await setUp();
    await expect(sign(await keptAs("kept", make(log)))).rejects.toThrow(message);
    expect(await isSigned()).toBe(false);
  });

  test("if the folder has no log", async () => {
    const { sign, isSigned } = await setUp();
    await expect(sign(join(folder, "none"))).rejects.toMatchObject({ code: "missing" });
    expect(await isSigned()).toBe(false);
  });
});

describe("a name that looks like another one", () => {
  // The second half is shown from right to left.
  const name = "ali\u202Eecila";

  test("is not given to a key", async () => {
    const out = join(folder, "key");
    await expect(createKeyCommand({ name, out })).rejects.toThrow("--name takes");
    await expect(readFile(out)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("is not shown to the signer", async () => {
    const { file, alice, sign } = await setUp();
    const text = await readFile(file, "utf8");
    const vkey = (key: typeof alice.key) => formatVkey(nodeChecks.sha256, key);
    await writeFile(file, text.replace(vkey(alice.key), vkey({ ...alice.key, name })));
    await expect(sign()).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("a name with other characters") as string,
    });
  });
});
