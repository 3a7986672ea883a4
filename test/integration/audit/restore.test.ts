import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../tools/testkit/server-process.ts";
import { endAll, spawnServer, temporaryHome } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

// A real PostgreSQL, whose data folder is put back, and the built command line.
const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const killer = fileURLToPath(new URL("../../support/kill-at-rename.mjs", import.meta.url));
const T = "2026-01-02T03:04:05.000Z";

/** `prepared` is a home whose database was put back to a backup. Each test has a copy. */
let prepared: Awaited<ReturnType<typeof temporaryHome>>;
let folder: Awaited<ReturnType<typeof temporaryHome>>;
let home: string;
let vkey: string;
let approvers: string;

const at = (name: string) => join(home, "..", name);

function sealdesk(
  words: string,
  { environment = {}, wrap = [] as string[] }: { environment?: object; wrap?: string[] } = {},
) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...wrap, command, ...words.split(" ").map((word) => word.replaceAll("_", " "))],
    {
      cwd: tmpdir(),
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        SEALDESK_HOME: home,
        AUDIT_RESTORE_APPROVERS: approvers,
        ...environment,
      },
    },
  );
  return { status: signal ?? status, out: stdout, err: stderr };
}

function done(words: string): string {
  const { status, out, err } = sealdesk(words);
  expect([status, err]).toEqual([0, ""]);
  return out;
}

const act = (days: number) => done(`audit retention --tenant demo --days ${days}`);

/** Starts the server for as long as `work` runs. */
async function serving<T>(work: (readyz: () => Promise<string>) => Promise<T>): Promise<T> {
  const port = await freePort();
  const server = spawnServer(home, { port });
  const readyz = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.text(),
      () => "",
    );
  try {
    return await work(readyz);
  } finally {
    server.process.kill("SIGTERM");
    await server.ended();
  }
}

const isReady = (readyz: () => Promise<string>) =>
  until(async () => (await readyz()).includes('"ok"'));
const isBehind = (readyz: () => Promise<string>) =>
  until(async () => (await readyz()).includes("audit_log_behind"));

beforeAll(async () => {
  prepared = await temporaryHome();
  ({ home } = prepared);
  approvers = ["alice", "bob", "carol"]
    .map((name) => done(`audit restore key --name ${name} --out ${at(`${name}.key`)}`).trim())
    .join(",");
  await serving(isReady);
  vkey = done("audit vkey --tenant demo").trim();
  act(3_000);
  done(`audit export --tenant demo --out ${at("kept")}`);
  spawnSync("cp", ["-a", join(home, "postgres"), at("backup")]);
  act(3_001);
  act(3_002);
  done(`audit export --tenant demo --out ${at("lost")}`);
  putBack();
}, 240_000);
afterAll(() => prepared.remove());
beforeEach(async () => {
  folder = await temporaryHome();
  ({ home } = folder);
  spawnSync("cp", ["-a", `${join(prepared.home, "..")}/.`, join(home, "..")]);
});
afterEach(async () => {
  await endAll(home, []);
  await folder.remove();
});

function putBack() {
  rmSync(join(home, "postgres"), { recursive: true });
  spawnSync("cp", ["-a", at("backup"), join(home, "postgres")]);
}

const declare = (out = "note") =>
  done(`audit restore declare --backup-of ${T} --reason The_disk_died --out ${at(out)}`);
const sign = (name: string, out = "note") =>
  done(`audit restore sign ${at(out)} --key ${at(`${name}.key`)}`);
const apply = (out = "note") => sealdesk(`audit restore apply ${at(out)}`);

function declared(out = "note") {
  declare(out);
  sign("alice", out);
  sign("bob", out);
}

const outside = async () =>
  Promise.all(
    (await readdir(join(home, "audit-checkpoints")))
      // A process that was killed leaves its unfinished file.
      .filter((name) => !name.startsWith("."))
      .toSorted()
      .map((name) => readFile(join(home, "audit-checkpoints", name), "utf8")),
  );

/** The entries about a restore in the tenant's log. */
async function recorded(): Promise<{ readonly details: unknown }[]> {
  await rm(at("lines"), { recursive: true, force: true });
  done(`audit export --tenant demo --format jsonl --out ${at("lines")}`);
  const text = await readFile(join(at("lines"), "entries.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: { action: string; details: unknown } }).entry)
    .filter(({ action }) => action === "audit.log_restored");
}

test("a restored database is refused until two people declare it; then nodes, auditors and logs continue", async () => {
  await serving(isBehind);
  const said = declare();
  expect(said).toMatch(/sealdesk\.local\/audit\/t\/demo: entries \d+ to \d+ are lost/);
  expect(said).toMatch(/sealdesk\.local\/audit\/operator: entries/);
  expect(sign("alice")).toMatch(
    /backup-of 2026-01-02T03:04:05\.000Z\n[\s\S]*Another approver must/,
  );
  expect(apply()).toMatchObject({ status: 1, err: expect.stringContaining("1 of its approvers") });
  expect(sign("alice")).toMatch(/alice signed it already/);
  expect(apply()).toMatchObject({ status: 1 });
  await serving(isBehind);
  expect(sign("carol")).toMatch(/It can be applied/);
  expect(apply()).toEqual({
    status: 0,
    err: "",
    out: expect.stringContaining("The logs continue"),
  });
  expect(apply()).toEqual({ status: 0, err: "", out: expect.stringContaining("applied before") });

  await serving(isReady);
  act(3_003);
  const [entry, ...more] = await recorded();
  expect(more).toEqual([]);
  expect(entry?.details).toMatchObject({
    reason: "The disk died",
    backupOfMs: Date.parse(T),
    approvedBy: [expect.stringMatching(/^alice\+/), expect.stringMatching(/^carol\+/)],
    log: { origin: "sealdesk.local/audit/t/demo", restores: 1 },
  });

  done(`audit export --tenant demo --out ${at("after")}`);
  const verify = (...options: string[]) =>
    sealdesk(["audit verify", at("after"), "--vkey", vkey, ...options].join(" "));
  expect(verify("--old", join(at("kept"), "checkpoint"))).toMatchObject({ status: 0 });
  expect(verify("--old", join(at("lost"), "checkpoint"))).toEqual({
    status: 3,
    err: "",
    out: expect.stringMatching(
      /declared restored from a backup of 2026-01-02T03:04:05\.000Z, .*alice\+.* and carol\+.*: "The disk died"\. Entries \d+ to \d+ of the old checkpoint are missing/,
    ),
  });
  await rm(join(at("after"), "restore"), { recursive: true });
  expect(verify("--old", join(at("lost"), "checkpoint"))).toMatchObject({ status: 1 });
}, 240_000);

test("a second rollback needs a second declaration", async () => {
  declared();
  expect(apply()).toMatchObject({ status: 0 });
  act(3_003);
  done(`audit export --tenant demo --out ${at("between")}`);
  putBack();
  await serving(isBehind);
  // The declaration was used: it says nothing about what was signed since.
  expect(apply()).toMatchObject({ out: expect.stringContaining("was published") });
  await serving(isBehind);
  declared("second");
  expect(apply("second")).toMatchObject({ status: 0 });
  await serving(isReady);
  act(3_004);
  done(`audit export --tenant demo --out ${at("after")}`);
  for (const old of ["lost", "between"])
    expect(
      sealdesk(`audit verify ${at("after")} --vkey ${vkey} --old ${join(at(old), "checkpoint")}`),
    ).toMatchObject({ status: 3 });
}, 240_000);

test("apply that is killed before any of its writes ends the same when it is run again", async () => {
  declared();
  let kills = 0;
  for (let ended: number | string | null = null; ended !== 0; kills++)
    ({ status: ended } = sealdesk(`audit restore apply ${at("note")}`, {
      wrap: ["--import", killer],
      environment: { KILL_AT: String(kills + 1) },
    }));
  expect(kills).toBeGreaterThan(3);
  expect(await recorded()).toHaveLength(1);
  await serving(isReady);
  const kept = (await outside()).filter((note) => note.startsWith("sealdesk-restore/v1\n"));
  expect(kept).toHaveLength(1);
}, 240_000);

test("nobody can approve without being configured, and a declaration fits one state alone", async () => {
  const refused = sealdesk(
    `audit restore declare --backup-of ${T} --reason x --out ${at("note")}`,
    { environment: { AUDIT_RESTORE_APPROVERS: undefined } },
  );
  expect(refused).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^AUDIT_RESTORE_APPROVERS is not set.*at least two people/),
  });
  done(`audit restore key --name mallory --out ${at("mallory.key")}`);
  expect((await stat(at("mallory.key"))).mode & 0o777).toBe(0o600);
  declared();
  expect(sealdesk(`audit restore sign ${at("note")} --key ${at("mallory.key")}`)).toMatchObject({
    status: 1,
    err: expect.stringContaining("not an approver"),
  });
  // One word of what was signed is changed.
  const note = await readFile(at("note"), "utf8");
  await writeFile(at("altered"), note.replace("The disk died", "The disk lives"));
  expect(apply("altered")).toMatchObject({ status: 1, err: expect.stringContaining("is wrong") });
  // The database is not the one that was compared.
  const last = join(home, "audit-checkpoints", "00000000-0000-0000-0000-000000000000");
  await rm(last);
  expect(apply()).toMatchObject({ status: 1, err: expect.stringContaining("does not fit") });
  await serving(isBehind);
}, 240_000);
