import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BACKUP_OF, REASON, RestorableServer } from "../../support/restorable-server.ts";
import { until } from "../../support/until.ts";

const killer = fileURLToPath(new URL("../../support/kill-at-rename.mjs", import.meta.url));

/** Its database was put back to a backup. Each test has a copy. */
let prepared: RestorableServer;
let server: RestorableServer;
let vkey: string;

/** Leaves an entry in the tenant's log, and signs it. */
const act = (days: number) =>
  server.done("audit", "retention", "--tenant", "demo", "--days", String(days));
const exportTo = (folder: string) =>
  server.done("audit", "export", "--tenant", "demo", "--out", server.at(folder));

const isReady = () => until(async () => (await server.readyz()).includes('"ok"'));
const isBehind = () => until(async () => (await server.readyz()).includes("audit_log_behind"));

/** Runs the server until it says so. */
async function serving(says: () => Promise<void>): Promise<void> {
  server.start();
  await says();
  await server.stop();
}

beforeAll(async () => {
  prepared = await RestorableServer.make();
  server = prepared;
  await serving(isReady);
  vkey = server.done("audit", "vkey", "--tenant", "demo").trim();
  act(3_000);
  exportTo("kept");
  server.backUp();
  act(3_001);
  act(3_002);
  exportTo("lost");
  await server.putBack();
}, 240_000);
afterAll(() => prepared.remove());
beforeEach(async () => {
  server = await prepared.copy();
});
afterEach(() => server.remove());

function declared(file = "note") {
  server.declare(file);
  server.sign(file, "alice");
  server.sign(file, "bob");
}

const outside = async () => {
  const folder = join(server.home, "audit-checkpoints");
  // A process that was killed leaves its unfinished file.
  const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
};

/** The entries about a restore in the tenant's log. */
async function recorded(): Promise<{ readonly details: unknown }[]> {
  const lines = server.at("lines");
  server.done("audit", "export", "--tenant", "demo", "--format", "jsonl", "--out", lines);
  const text = await readFile(join(lines, "entries.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: { action: string; details: unknown } }).entry)
    .filter(({ action }) => action === "audit.log_restored");
}

const verify = (folder: string, old: string) => {
  const checkpoint = join(server.at(old), "checkpoint");
  return server.run(["audit", "verify", server.at(folder), "--vkey", vkey, "--old", checkpoint]);
};

test("a restored database is refused until two people declare it; then nodes, auditors and logs continue", async () => {
  await serving(isBehind);
  const said = server.declare("note");
  expect(said).toMatch(/sealdesk\.local\/audit\/t\/demo: entries \d+ to \d+ are lost/);
  expect(said).toMatch(/sealdesk\.local\/audit\/operator: entries/);
  expect(server.sign("note", "alice")).toMatch(
    /backup-of 2026-01-02T03:04:05\.000Z\n[\s\S]*Another approver must/,
  );
  expect(server.apply("note")).toMatchObject({
    status: 1,
    err: expect.stringContaining("1 of its approvers"),
  });
  expect(server.sign("note", "alice")).toMatch(/alice signed it already/);
  expect(server.apply("note")).toMatchObject({ status: 1 });
  await serving(isBehind);
  expect(server.sign("note", "carol")).toMatch(/It can be applied/);
  expect(server.apply("note")).toEqual({
    status: 0,
    err: "",
    out: expect.stringContaining("is applied."),
  });
  expect(server.apply("note")).toEqual({
    status: 0,
    err: "",
    out: expect.stringContaining("applied before"),
  });

  await serving(isReady);
  act(3_003);
  const [entry, ...more] = await recorded();
  expect(more).toEqual([]);
  expect(entry?.details).toMatchObject({
    reason: REASON,
    backupOfMs: Date.parse(BACKUP_OF),
    approvedBy: [expect.stringMatching(/^alice\+/), expect.stringMatching(/^carol\+/)],
    log: { origin: "sealdesk.local/audit/t/demo", restores: 1 },
  });

  exportTo("after");
  expect(verify("after", "kept")).toMatchObject({ status: 0 });
  expect(verify("after", "lost")).toEqual({
    status: 3,
    err: "",
    out: expect.stringMatching(
      /declared restored from a backup of 2026-01-02T03:04:05\.000Z, .*alice\+.* and carol\+.*: "The disk died"\. Entries \d+ to \d+ of the old checkpoint are missing/,
    ),
  });
  await rm(join(server.at("after"), "restore"), { recursive: true });
  expect(verify("after", "lost")).toMatchObject({ status: 1 });
}, 240_000);

test("a second rollback needs a second declaration", async () => {
  declared();
  expect(server.apply("note")).toMatchObject({ status: 0 });
  act(3_003);
  exportTo("between");
  await server.putBack();
  await serving(isBehind);
  // The declaration was used: it says nothing about what was signed since.
  expect(server.apply("note")).toMatchObject({
    status: 1,
    err: expect.stringContaining("was published"),
  });
  await serving(isBehind);
  declared("second");
  expect(server.apply("second")).toMatchObject({ status: 0 });
  await serving(isReady);
  act(3_004);
  exportTo("after");
  for (const old of ["lost", "between"]) expect(verify("after", old)).toMatchObject({ status: 3 });
}, 240_000);

test("apply that is killed before any of its writes ends the same when it is run again", async () => {
  declared();
  let kills = 0;
  for (let ended: number | string | null = null; ended !== 0; kills++)
    ({ status: ended } = server.apply("note", {
      node: ["--import", killer],
      environment: { KILL_AT: String(kills + 1) },
    }));
  expect(kills).toBeGreaterThan(3);
  expect(await recorded()).toHaveLength(1);
  await serving(isReady);
  const kept = (await outside()).filter((note) => note.startsWith("sealdesk-restore/v1\n"));
  expect(kept).toHaveLength(1);
}, 240_000);

test("nobody can approve without being configured, and a declaration fits one state alone", async () => {
  const options = ["--backup-of", BACKUP_OF, "--reason", REASON, "--out", server.at("none")];
  expect(
    server.run(["audit", "restore", "declare", ...options], {
      environment: { AUDIT_RESTORE_APPROVERS: undefined },
    }),
  ).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^AUDIT_RESTORE_APPROVERS is not set.*at least two people/),
  });
  server.createKey("mallory");
  expect((await stat(server.at("mallory.key"))).mode & 0o777).toBe(0o600);
  declared();
  expect(() => server.sign("note", "mallory")).toThrow("not an approver");
  // One word of what was signed is changed.
  const note = await readFile(server.at("note"), "utf8");
  await writeFile(server.at("altered"), note.replace("The disk died", "The disk lives"));
  expect(server.apply("altered")).toMatchObject({
    status: 1,
    err: expect.stringContaining("is wrong"),
  });
  // The database is not the one that was compared.
  const last = join(server.home, "audit-checkpoints", "00000000-0000-0000-0000-000000000000");
  await rm(last);
  expect(server.apply("note")).toMatchObject({
    status: 1,
    err: expect.stringContaining("does not fit"),
  });
  await serving(isBehind);
}, 240_000);
