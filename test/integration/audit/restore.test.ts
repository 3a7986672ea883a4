import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseApproverKey } from "../../../audit/restore/approver-key.ts";
import {
  createDeclaration,
  formatDeclaration,
  parseDeclaration,
} from "../../../audit/restore/declaration.ts";
import type { RestoredLog } from "../../../audit/verify/log-restore.ts";
import { approvedBy } from "../../support/approvers.ts";
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

/** Writes the declaration with other statements, signed by alice and bob. */
async function signedAnew(name: string, change: (log: RestoredLog) => RestoredLog): Promise<void> {
  const declaration = parseDeclaration(await readFile(server.at("note"), "utf8"));
  const restores = declaration.map(({ restore }) => restore);
  const [cause] = restores;
  if (cause === undefined) throw new Error("nothing is declared");
  const people = await Promise.all(
    ["alice", "bob"].map(async (each) =>
      parseApproverKey(await readFile(server.at(`${each}.key`), "utf8")),
    ),
  );
  const { backupOfMs, declaredAtMs, reason, approvers } = cause;
  const changed = createDeclaration(
    { backupOfMs, declaredAtMs, reason, approvers },
    restores.map(({ origin, restores: number, published, continues }) =>
      change({ origin, restores: number, published, continues }),
    ),
  );
  await writeFile(server.at(name), formatDeclaration(approvedBy(changed, people)));
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

const verify = (folder: string, old: string, approvers = server.approvers.split(",")) => {
  const checkpoint = join(server.at(old), "checkpoint");
  const options = ["--vkey", vkey, "--old", checkpoint];
  for (const each of approvers) options.push("--approver", each);
  return server.run(["audit", "verify", server.at(folder), ...options]);
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
  expect(verify("after", "lost", [])).toMatchObject({
    status: 1,
    err: expect.stringContaining("no keys of approvers are known"),
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
  const kept = (await outside()).filter((note) => note.startsWith("sealdesk-log-restore/v1\n"));
  expect(kept).toHaveLength(1);
}, 240_000);

test("an apply that was abandoned does not stand in the way of another declaration", async () => {
  // Killed before each of its first writes: then the others sign anew.
  for (const kill of ["1", "2"]) {
    declared(`note-${kill}`);
    expect(
      server.apply(`note-${kill}`, {
        node: ["--import", killer],
        environment: { KILL_AT: kill },
      }),
    ).toMatchObject({ status: "SIGKILL" });
  }
  server.declare("another");
  server.sign("another", "bob");
  server.sign("another", "carol");
  expect(server.apply("another")).toMatchObject({ status: 0 });
  await serving(isReady);
  const [entry, ...more] = await recorded();
  expect(more).toEqual([]);
  expect(entry?.details).toMatchObject({
    approvedBy: [expect.stringMatching(/^bob\+/), expect.stringMatching(/^carol\+/)],
  });
  exportTo("after");
  expect(verify("after", "lost")).toMatchObject({
    status: 3,
    out: expect.stringMatching(/bob\+.* and carol\+/),
  });
}, 240_000);

test("an approver who is added after an interrupted apply does not stop it", async () => {
  declared();
  const isDeclared = async () =>
    (await outside()).some((note) => note.startsWith("sealdesk-log-restore/v1\n"));
  for (let kill = 1; !(await isDeclared()); kill++)
    server.apply("note", { node: ["--import", killer], environment: { KILL_AT: String(kill) } });
  const more = [server.approvers, server.createKey("dave")].join(",");
  expect(server.apply("note", { environment: { AUDIT_RESTORE_APPROVERS: more } })).toMatchObject({
    status: 0,
    out: expect.stringContaining("applied before"),
  });
  await serving(isReady);
}, 240_000);

test("a declaration is not applied while a node continues the logs", async () => {
  declared();
  expect(server.apply("note")).toMatchObject({ status: 0 });
  server.start();
  await isReady();
  expect(server.apply("note")).toMatchObject({
    status: 1,
    err: expect.stringContaining("A node continues the logs. Stop all nodes"),
  });
  // Whoever declares changes nothing. The node's database is whole.
  const options = ["--backup-of", BACKUP_OF, "--reason", REASON, "--out", server.at("second")];
  expect(server.run(["audit", "restore", "declare", ...options])).toMatchObject({
    status: 1,
    err: expect.stringContaining("There is nothing to declare"),
  });
  await server.stop();
  expect(server.apply("note")).toMatchObject({ status: 0 });
}, 240_000);

test("nodes refuse a declaration of people whom they do not know, until they do", async () => {
  declared();
  expect(server.apply("note")).toMatchObject({ status: 0 });
  const strangers = ["dave", "erin"].map((name) => server.createKey(name)).join(",");
  server.start({ AUDIT_RESTORE_APPROVERS: strangers });
  await until(async () => (await server.readyz()).includes("audit_checkpoint_invalid"));
  await server.stop();
  await serving(isReady);
}, 240_000);

test("an approver who is not configured is refused, and a declaration fits one state alone", async () => {
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
    err: expect.stringContaining("does not hold all its statements"),
  });
  // The people are not those whom the operator configured.
  expect(
    server.apply("note", {
      environment: {
        AUDIT_RESTORE_APPROVERS: server.approvers.split(",").slice(0, 2).join(","),
      },
    }),
  ).toMatchObject({ status: 1, err: expect.stringContaining("names other approvers") });
  // Two people signed what is not true of this database.
  await signedAnew("elsewhere", (log) => ({
    ...log,
    origin: log.origin.replace("sealdesk.local", "desk.example"),
  }));
  await signedAnew("deeper", (log) => ({ ...log, continues: { ...log.continues, size: 1 } }));
  for (const name of ["elsewhere", "deeper"])
    expect(server.apply(name)).toMatchObject({
      status: 1,
      err: expect.stringContaining("does not fit"),
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
