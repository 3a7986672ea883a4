import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { appendEntry } from "../../../audit/append-entry.ts";
import {
  openCheckpointStore,
  type CheckpointLocation,
} from "../../../audit/checkpoints/open-store.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { askWitness } from "../../../audit/witness/ask-witness.ts";
import { headsElsewhere } from "../../../cli/commands/audit/watch/heads-elsewhere.ts";
import { verifyRound } from "../../../cli/commands/audit/watch/verify-round.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { LogId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { entryAt, withoutTriggers } from "../../support/database-administrator.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { startWitness } from "../../support/witness-server.ts";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

let server: TestServer;
let folder: string;
let auditor: TestStaff;
let vkey: string;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-watch-"));
  auditor = await server.createStaff("auditor");
  await append(300);
  const { out } = await runSealdesk(server, ["audit", "vkey", "--tenant", server.tenant.slug]);
  vkey = out.trim();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Appends entries and waits until they are signed. */
async function append(count: number): Promise<void> {
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < count; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
  await until(async () => {
    const { rows } = await server.database.owner.query<{ signed: boolean }>(
      `select not exists (select from audit.pending) and coalesce(max(size), 0)
         = (select count(*) from audit.entries where tenant = $1) as signed
       from audit.checkpoints where log = $1`,
      [server.tenant.id],
    );
    return rows[0]?.signed === true;
  });
}

const argsOf = (state: string, more: readonly string[]) => {
  const place = ["audit", "watch", `${server.url}/v1/audit/log`, "--vkey", vkey];
  const account = ["--tenant", server.tenant.slug, "--username", auditor.username];
  return [...place, ...account, "--state", join(folder, state), "--every", "0.1", ...more];
};
const look = (state: string, ...more: string[]) =>
  runSealdesk(server, argsOf(state, ["--once", ...more]), `${auditor.password}\n`);

test("the first look verifies every entry, and a later one what was added", async () => {
  expect(await look("first")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Verified all 3\d\d entries of sealdesk\.local\/audit\/t\//),
  });
  await append(5);
  expect(await look("first")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Verified \d+ new entries of /),
  });
  expect(await look("first", "--whole-every", "0.000001")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Verified all /),
  });
});

test("a watcher that was killed continues from what it verified last", async () => {
  const watch = () => {
    const child = spawn(process.execPath, [command, ...argsOf("killed", [])], { cwd: tmpdir() });
    child.stdin.end(`${auditor.password}\n`);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const closed = new Promise((resolve) => child.once("close", resolve));
    return { child, closed, said: () => out };
  };
  const killed = watch();
  await until(() => killed.said().includes("Verified all "));
  killed.child.kill("SIGKILL");
  await killed.closed;
  await append(5);
  const next = watch();
  await until(() => /^Verified \d+ new entries of /.test(next.said()));
  await append(5);
  await until(() => next.said().split("\n").length > 2);
  expect(next.said()).not.toContain("Verified all ");
  next.child.kill("SIGTERM");
  expect(await next.closed).toBe(0);
  expect(await readdir(join(folder, "killed"))).toHaveLength(2);
});

test("outside checkpoints and an archive that agree are no fault, and missing ones are", async () => {
  const checkpoints = join(server.home, "audit-checkpoints");
  const archive = join(folder, "archive");
  const { slug } = server.tenant;
  await runSealdesk(server, ["audit", "archive", "--tenant", slug, "--out", archive]);
  const elsewhere = ["--checkpoints", checkpoints, "--archive", archive];
  expect(await look("elsewhere", ...elsewhere)).toMatchObject({ code: 0 });
  expect(await look("elsewhere", "--checkpoints", folder)).toMatchObject({
    code: 1,
    err: expect.stringContaining("has no checkpoint of "),
  });
});

test.each(["the witness witness.example", "the folder", "the bucket worm"])(
  "a head of another history that %s keeps is a fault",
  async (who) => {
    const [log, witness, s3] = [new MemoryLog(), await startWitness(), await startS3Double()];
    log.append([utf8("one"), utf8("two")]);
    const other = log.again([utf8("one"), utf8("another")]);
    const note = other.signed(other.head);
    witness.logs.push(log.key);
    const head = { origin: log.key.name, ...other.head };
    const rootOver = rangeRoots(nodeChecks.sha256, other, head.size);
    await askWitness(witness, { note, head, rootOver }, 0);
    const bucket: CheckpointLocation = {
      kind: "s3",
      bucket: "worm",
      region: "us-east-1",
      endpoint: s3.endpoint,
      retainMs: 1,
      credentials: { accessKeyId: "x", secretAccessKey: "x" },
    };
    const directory: CheckpointLocation = {
      kind: "directory",
      folder: await mkdtemp(join(folder, "kept-")),
    };
    for (const location of [bucket, directory]) {
      const store = await openCheckpointStore(location, Date.now);
      await store.put(newId<LogId>(), note);
      await store.close();
    }
    const none = { checkpoints: undefined, archives: [], witnesses: [], cosignedWithinMs: 1_000 };
    const elsewhere = await headsElsewhere(
      {
        "the witness witness.example": { ...none, witnesses: [witness] },
        "the folder": { ...none, checkpoints: directory },
        "the bucket worm": { ...none, checkpoints: bucket },
      }[who] ?? none,
      log.key,
      undefined,
    );
    const round = { key: log.key, approvers: [], last: undefined, isWhole: true, prunedBelow: 0 };
    await expect(verifyRound(log, { ...round, elsewhere, behindMs: 0 })).rejects.toMatchObject({
      code: "forked",
      place: expect.stringContaining(who),
    });
    await witness.close();
    await s3.close();
  },
);

test("a log that does not grow is told", async () => {
  const out = join(folder, "frozen");
  await runSealdesk(server, ["audit", "export", "--tenant", server.tenant.slug, "--out", out]);
  const args = ["audit", "watch", out, "--vkey", vkey, "--state", join(folder, "grows"), "--once"];
  expect(await runSealdesk(server, args)).toMatchObject({ code: 0 });
  expect(await runSealdesk(server, [...args, "--grows-within", "1"])).toMatchObject({ code: 0 });
  expect(await runSealdesk(server, [...args, "--grows-within", "0.000001"])).toMatchObject({
    code: 4,
    err: expect.stringContaining("has not grown for 0.000001 hours"),
  });
});

test("a server that does not answer is told with another status", async () => {
  const away = ["audit", "watch", "http://127.0.0.1:9/", "--vkey", vkey, "--once"];
  expect(await runSealdesk(server, [...away, "--state", join(folder, "away")])).toMatchObject({
    code: 4,
    err: expect.stringContaining("could not be verified"),
  });
});

test("a log that the server finds altered is a fault", async () => {
  await look("altered");
  await withoutTriggers(
    server.database,
    `update audit.entries set entry = convert_to(replace(convert_from(entry, 'UTF8'),
       'transcript.record', 'transcript.broken'), 'UTF8') where id = ${entryAt(server.tenant.id, 30)}`,
  );
  expect(await look("altered", "--whole-every", "0.000001")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/audit_log_altered: .* Entry 30 is not the one that was signed/),
  });
});
