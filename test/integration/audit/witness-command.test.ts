import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { directoryArchive } from "../../../audit/archive/directory-archive.ts";
import { archiveLog } from "../../../audit/archive/archive-log.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { formatSignature, formatVkey, parseVkey } from "../../../audit/verify/note.ts";
import { askWitness, type Witness } from "../../../audit/witness/ask-witness.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const command = new URL("../../../dist/cli/main.js", import.meta.url).pathname;
const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));

let folder: string;
let running: ChildProcess | undefined;
const log = new MemoryLog();
const logVkey = formatVkey(nodeChecks.sha256, log.key);
let vkey: string;
let witness: Witness;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-witness-"));
  log.append(entries(0, 300));
});
beforeEach(start);
afterEach(stop);
afterAll(() => rm(folder, { recursive: true }));

/** Runs it as somebody else would. */
async function start(): Promise<void> {
  const state = join(folder, "state");
  const args = ["--name", "witness.example", "--state", state, "--port", "0", "--log", logVkey];
  running = spawn(process.execPath, [command, "witness", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: running.stdout as NodeJS.ReadableStream });
  const said = lines[Symbol.asyncIterator]();
  vkey = String((await said.next()).value);
  const url = /http:\S+(?=\/add-checkpoint)/.exec(String((await said.next()).value))?.[0] ?? "";
  witness = { key: parseVkey(nodeChecks.sha256, vkey), url };
}

async function stop(): Promise<void> {
  const child = running;
  running = undefined;
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

const ask = (of: MemoryLog, seen: number) =>
  askWitness(
    witness,
    {
      note: of.signed(of.head),
      head: { ...of.head, origin: of.key.name },
      rootOver: rangeRoots(nodeChecks.sha256, of, of.head.size),
    },
    seen,
  );

const post = async (of: MemoryLog, old: number) => {
  const body = `old ${old}\n\n${of.signed(of.head)}`;
  return (await fetch(`${witness.url}/add-checkpoint`, { method: "POST", body })).status;
};

test("a running witness cosigns extensions, and an auditor checks them without the witness", async () => {
  await ask(log, 0);
  log.append(entries(300, 500));
  // It is assumed to have seen nothing. It says 300 and is asked again with that proof.
  const line = await ask(log, 0);
  const policy = join(folder, "policy");
  await writeFile(policy, `witness w ${vkey}\nquorum w\n`);
  const out = join(folder, "cosigned");
  const checkpoint = { ...log.head, origin: log.key.name };
  const note = log.signed(log.head);
  await archiveLog(directoryArchive(out), { source: log, note, checkpoint, key: log.key });
  await expect(verifyFiles(out, { vkey: logVkey, policy })).rejects.toMatchObject({
    code: "quorum_missing",
  });
  await directoryArchive(out).put("checkpoint", utf8(note + formatSignature(line)));
  await stop();
  expect(await verifyFiles(out, { vkey: logVkey, policy })).toMatch(/cosigned by w\.$/);
});

test("a restarted witness still refuses a smaller tree and another history", async () => {
  expect(await post(log.again(entries(0, 400)), 400)).toBe(409);
  await expect(ask(log.again(entries(0, 400)), 0)).rejects.toMatchObject({ code: "disagrees" });
  const forked = log.again([...entries(0, 10), utf8("forged"), ...entries(11, 600)]);
  await expect(ask(forked, 500)).rejects.toMatchObject({
    code: "disagrees",
    message: expect.stringContaining("422"),
  });
  const sameSize = log.again([...entries(0, 10), utf8("forged"), ...entries(11, 500)]);
  expect(await post(sameSize, 500)).toBe(409);
  expect(await post(new MemoryLog("example.com/other"), 0)).toBe(404);
  expect(await post(new MemoryLog(log.key.name), 0)).toBe(403);
});

test("an unreachable witness is distinguished from one that refuses", async () => {
  await stop();
  await expect(ask(log, 500)).rejects.toMatchObject({ code: "unreachable" });
});
