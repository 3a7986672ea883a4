import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "csv-parse/sync";
import { openManifest } from "../../../audit/export/manifest.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { exportLog, type ExportOptions } from "../../../cli/commands/audit/export.ts";
import { proveEntry } from "../../../cli/commands/audit/prove.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import type { Settings } from "../../../cli/settings.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { appendEntry } from "../../../audit/append-entry.ts";
import { entryOf } from "../../support/audit-log.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let folder: string;
let settings: Settings;
let vkey: string;
const command = new URL("../../../dist/cli/main.js", import.meta.url).pathname;

/** Runs a command as an officer would. */
const sealdesk = (...args: string[]) =>
  spawnSync(process.execPath, [command, ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      SEALDESK_HOME: server.home,
      NODE_ENV: "test",
      DATABASE_URL: server.database.ownerUrl,
    },
  });

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-export-"));
  settings = operatorSettings(server);
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < 600; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
  await settled();
  const printed = sealdesk("audit", "vkey", "--tenant", server.tenant.slug);
  expect(printed.stderr).toBe("");
  vkey = printed.stdout.trim();
}, 60_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function settled(): Promise<void> {
  for (;;) {
    const { rows } = await server.database.owner.query<{ settled: boolean }>(
      `select not exists (select from audit.pending) and
         (select max(size) from audit.trees where log = $1) =
         (select max(size) from audit.checkpoints where log = $1) as settled`,
      [server.tenant.id],
    );
    if (rows[0]?.settled === true) return;
  }
}

const exported = async (options: Partial<ExportOptions> & Pick<ExportOptions, "format">) => {
  const out = join(folder, randomUUID());
  await exportLog(settings, { tenant: server.tenant.slug, out, ...options });
  return out;
};

test("an officer exports the log, and anybody verifies it with the key alone", async () => {
  const out = join(folder, "typed");
  const { slug } = server.tenant;
  const written = sealdesk("audit", "export", "--tenant", slug, "--format", "tiles", "--out", out);
  expect(written.stderr).toBe("");
  expect(written.stdout).toMatch(/^Exported 601 of 601 entries of sealdesk\.local\/audit\/t\//);
  const verified = sealdesk("audit", "verify", out, "--vkey", vkey);
  expect([verified.status, verified.stdout]).toEqual([0, expect.stringMatching(/^Verified 601 /)]);
  const bundle = await readFile(join(out, "tile/entries/001"));
  bundle[5000] = (bundle[5000] ?? 0) ^ 1;
  await writeFile(join(out, "tile/entries/001"), bundle);
  const refused = sealdesk("audit", "verify", out, "--vkey", vkey);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/^entry \d+: /)]);
});

test("jsonl and csv hold what matches the filter, under a signed manifest", async () => {
  const key = parseVkey(nodeChecks.sha256, vkey);
  const all = await exported({ format: "jsonl" });
  const text = await readFile(join(all, "entries.jsonl"), "utf8");
  // The entries of the tests, of the tenant's creation, and of the previous export.
  expect(text.trimEnd().split("\n").length).toBeGreaterThanOrEqual(601);
  const manifest = openManifest(await readFile(join(all, "manifest")), key);
  expect(manifest.sha256).toBe(Buffer.from(nodeChecks.sha256(Buffer.from(text))).toString("hex"));
  const some = await exported({
    format: "csv",
    action: "transcript.record",
    from: new Date(1_700_000_000_010).toISOString(),
    until: new Date(1_700_000_000_020).toISOString(),
  });
  const rows = parse(await readFile(join(some, "entries.csv")), { columns: true });
  expect(rows).toHaveLength(10);
  expect(rows[0]).toMatchObject({
    action: "transcript.record",
    resource_id: "10",
    outcome: "success",
  });
  expect(openManifest(await readFile(join(some, "manifest")), key)).toMatchObject({
    entries: 10,
    filter: { action: "transcript.record" },
  });
  const good = sealdesk("audit", "verify", some, "--vkey", vkey);
  expect([good.status, good.stdout]).toEqual([
    0,
    expect.stringMatching(/^Verified entries\.csv: 10 chosen entries of .*exported at \d+ entries/),
  ]);
  const verify = (place: string, options = {}) => verifyFiles(place, { vkey, ...options });
  await expect(verify(some, { old: "x" })).rejects.toThrow(/Export it as tiles/);
  await writeFile(
    join(all, "entries.jsonl"),
    text.replace("transcript.record", "transcript.broken"),
  );
  await expect(verify(all)).rejects.toMatchObject({ code: "mismatch", place: "entries.jsonl" });
  await rm(join(all, "entries.jsonl"));
  await expect(verify(all)).rejects.toMatchObject({ code: "missing", place: "entries.jsonl" });
  const note = await readFile(join(some, "manifest"), "utf8");
  await writeFile(join(some, "manifest"), note.replace('"entries":10', '"entries":11'));
  await expect(verify(some)).rejects.toMatchObject({ code: "wrong_signature" });
  const nobody = await exported({ format: "jsonl", actor: "nobody" });
  expect(await readFile(join(nobody, "entries.jsonl"), "utf8")).toBe("");
  await expect(exported({ format: "tiles", actor: "nobody" })).rejects.toThrow(/whole log/);
  await expect(exported({ format: "jsonl", out: all })).rejects.toThrow(/already holds an export/);
});

test.each([
  ["fhir", "entries.fhir.ndjson"],
  ["ocsf", "entries.ocsf.ndjson"],
  ["cef", "entries.cef"],
] as const)("%s describes the same entries, under the same manifest", async (format, name) => {
  const out = await exported({ format, action: "transcript.record" });
  const text = await readFile(join(out, name), "utf8");
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(600);
  const indexes = lines.map((line) => /"sequence":(\d+)|index","code":"(\d+)|cn1=(\d+)/.exec(line));
  expect(new Set(indexes.map((found) => found?.slice(1).join(""))).size).toBe(600);
  const manifest = openManifest(
    await readFile(join(out, "manifest")),
    parseVkey(nodeChecks.sha256, vkey),
  );
  expect(manifest).toMatchObject({ format, entries: 600 });
  expect(manifest.sha256).toBe(Buffer.from(nodeChecks.sha256(Buffer.from(text))).toString("hex"));
});

test("an archive is cosigned by reachable witnesses, and made without the others", async () => {
  const out = join(folder, "archive");
  const state = join(folder, "witness");
  const witness = spawn(
    process.execPath,
    [command, "witness", "--name", "w.example", "--state", state, "--port", "0", "--log", vkey],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise((resolve) => witness.once("exit", resolve));
  const lines = createInterface({ input: witness.stdout })[Symbol.asyncIterator]();
  const key = String((await lines.next()).value);
  const url = /http:\S+(?=\/add)/.exec(String((await lines.next()).value))?.[0] ?? "";
  const archive = (...more: string[]) =>
    sealdesk("audit", "archive", "--tenant", server.tenant.slug, "--out", out, ...more);
  const asked = ["--witness", `${key}@${url}`];
  const made = archive(...asked, "--witness", `${key}@http://127.0.0.1:9`);
  witness.kill("SIGTERM");
  await ended;
  expect([made.stderr, made.status]).toEqual(["", 0]);
  expect(made.stdout).toMatch(/^Archived .+\n1 witnesses cosigned\.\n.+could not be reached\.\n$/);
  const policy = join(folder, "policy");
  await writeFile(policy, `witness w ${key}\nquorum w\n`);
  expect(await verifyFiles(out, { vkey, policy })).toMatch(/cosigned by w\.$/m);
});

test("an export of an action that does not exist is refused before anything is written", async () => {
  const before = (await server.auditEntries()).length;
  const misspelt = exported({ format: "jsonl", action: "transcript.recrod" });
  await expect(misspelt).rejects.toMatchObject({
    code: "audit_action_unknown",
    message: expect.stringContaining("transcript.record"),
  });
  expect(await server.auditEntries()).toHaveLength(before);
});

test("the exporting person is on record", async () => {
  await exported({ format: "jsonl", action: "transcript." });
  const entries = await server.auditEntries();
  expect(entries.at(-1)).toMatchObject({
    action: "audit.export",
    details: { format: "jsonl", action: "transcript." },
  });
});

test("one entry is proved without the rest of the log", async () => {
  const out = join(folder, "one");
  await proveEntry(settings, { tenant: server.tenant.slug, index: "300", out });
  const entry = `${out}.entry`;
  expect(await verifyFiles(`${out}.tlog-proof`, { vkey, entry })).toMatch(/has index 300 of 6\d\d/);
  await writeFile(entry, `${await readFile(entry, "utf8")} `);
  await expect(verifyFiles(`${out}.tlog-proof`, { vkey, entry })).rejects.toMatchObject({
    code: "invalid_proof",
    place: "entry 300",
  });
  await expect(
    proveEntry(settings, { tenant: server.tenant.slug, index: "100000", out }),
  ).rejects.toThrow(/no such entry/);
});

test("the operator's log holds the tenants' checkpoints", async () => {
  const out = join(folder, "operator");
  await exportLog(settings, { operator: true, format: "jsonl", out });
  const lines = (await readFile(join(out, "entries.jsonl"), "utf8")).trimEnd().split("\n");
  // Entries of acts that concern no tenant stand between them.
  const entries = lines.map((line) => (JSON.parse(line) as { readonly entry: unknown }).entry);
  expect(entries).toContainEqual(expect.stringMatching(/^sealdesk\.local\/audit\/t\//));
});

test("a missing tenant and a key of another home are reported", async () => {
  await expect(
    exportLog(settings, { tenant: "nobody", format: "tiles", out: folder }),
  ).rejects.toThrow("There is no tenant nobody.");
  const other = readKmsSettings({}, { home: join(folder, "other-home"), production: false });
  await expect(
    exportLog(
      { ...settings, kms: () => other },
      { tenant: server.tenant.slug, format: "tiles", out: folder },
    ),
  ).rejects.toThrow(/did not sign the log/);
});

test("the key log is exported and verified like any other, and reading it is recorded", async () => {
  await staffDevice(server);
  const last = await customerDevice(server);
  // It answers when the entry is signed.
  await last.request("GET", `/v1/users/${last.user}/key-history`);
  const { slug: tenant, id } = server.tenant;
  const out = join(folder, "keys");
  await exportLog(settings, { tenant, keys: true, format: "tiles", out });
  const key = sealdesk("audit", "vkey", "--tenant", tenant, "--keys").stdout.trim();
  expect(key).toContain(`/keys/t/${tenant}+`);
  expect(await verifyFiles(out, { vkey: key })).toMatch(/3 entries/);
  await expect(verifyFiles(out, { vkey })).rejects.toThrow();
  const readings = (await server.auditEntries()).filter(({ action }) => action === "audit.export");
  expect(readings.at(-1)!["resource"]).toEqual({ type: "key-log", id });
  for (const format of ["csv", "fhir", "ocsf", "cef"] as const) {
    const unfit = exportLog(settings, { tenant, keys: true, format, out: join(folder, format) });
    await expect(unfit).rejects.toThrow(/as tiles or jsonl/);
  }
});

test("a log that names the tenant's authority in an entry is verified", async () => {
  await staffDevice(server);
  await settled();
  const out = await exported({ format: "tiles" });
  const entries = await server.auditEntries();
  expect(entries.map(({ action }) => action)).toContain("authority_key.create");
  expect(await verifyFiles(out, { vkey })).toMatch(/^Verified \d+ entries/);
});
