import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { cosignedAt } from "../../../audit/verify/cosignature.ts";
import { formatVkey, parseNote } from "../../../audit/verify/note.ts";
import { parseTlogProof } from "../../../audit/verify/tlog-proof.ts";
import { archiveCommand } from "../../../cli/commands/audit/archive.ts";
import { exportLog } from "../../../cli/commands/audit/export.ts";
import { withLog } from "../../../cli/commands/audit/open-log.ts";
import { proveEntry } from "../../../cli/commands/audit/prove.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import type { Settings } from "../../../cli/settings.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";

let server: TestServer;
let witness: TestWitness;
let folder: string;
let settings: Settings;
let vkey: string;
let policy: string;

const metrics = { host: "127.0.0.1", port: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-cosigned-"));
  witness = await startWitness();
  const audit = {
    originPrefix: "sealdesk.local",
    checkpoints: { kind: "directory", folder: join(folder, "checkpoints") },
    witnesses: [witness],
  } as const;
  server = await startTestServer({ audit, metrics }, { cosignEveryMs: 20 });
  const { home, url, database } = server;
  settings = {
    home,
    ownerUrl: database.ownerUrl,
    keystoreUrl: undefined,
    publicUrl: url,
    production: false,
    kms: () => readKmsSettings({}, { home, production: false }),
    audit,
    auditRetainDays: 2192,
  };
  await until(async () => (await count("checkpoints", server.tenant.id)) > 0);
  const key = await withLog(settings, choice(), (log) => Promise.resolve(log.key));
  vkey = formatVkey(nodeChecks.sha256, key);
  policy = join(folder, "policy");
  await writeFile(policy, `witness w ${formatVkey(nodeChecks.sha256, witness.key)}\nquorum w\n`);
});

afterAll(async () => {
  await server.close();
  await witness.close();
  await rm(folder, { recursive: true, force: true });
});

const choice = () => ({ tenant: server.tenant.slug });
const count = async (table: "checkpoints" | "cosignatures", log: string) => {
  const { rows } = await server.database.owner.query<{ count: number }>(
    `select count(*)::int as count from audit.${table} where log = $1`,
    [log],
  );
  return rows[0]?.count ?? 0;
};

test("a witness that was not told of the logs is complained of once a log, and counted", async () => {
  const failures = async () =>
    /^sealdesk_audit_witness_failures_total\{witness="witness.example",code="unknown_log"\} (\d+)$/m.exec(
      await server.scrape(),
    )?.[1];
  await until(async () => Number(await failures()) > 10);
  const lines = server
    .logged()
    .split("\n")
    .filter((line) => line.includes("not cosigned") && line.includes(server.tenant.slug));
  expect(lines).toHaveLength(1);
  await expect(
    exportLog(settings, { ...choice(), format: "tiles", out: join(folder, "x"), cosigned: "1" }),
  ).rejects.toThrow(/no head that so many witnesses cosigned/);
});

test("an auditor gets heads that the witness cosigned, and checks them with a policy", async () => {
  witness.logs.push(await withLog(settings, choice(), (log) => Promise.resolve(log.key)));
  await until(async () => (await count("cosignatures", server.tenant.id)) > 0);
  const out = join(folder, "export");
  await exportLog(settings, { ...choice(), format: "tiles", out, cosigned: "1" });
  expect(await verifyFiles(out, { vkey, policy })).toMatch(/cosigned by w\.$/);
  await proveEntry(settings, { ...choice(), index: "0", out: join(folder, "one"), cosigned: "1" });
  const entry = join(folder, "one.entry");
  expect(await verifyFiles(join(folder, "one.tlog-proof"), { vkey, entry })).toMatch(/^Verified/);
  const proof = parseTlogProof(await readFile(join(folder, "one.tlog-proof"), "utf8"));
  expect(cosignedAt(nodeChecks, parseNote(proof.checkpoint), witness.key)).toBeDefined();
  expect(await server.scrape()).toMatch(
    /^sealdesk_audit_cosignatures_total\{witness="witness.example"\} [1-9]/m,
  );
  expect(await server.scrape()).toMatch(/^sealdesk_audit_witness_disagrees 0$/m);
});

test("whoever reads over HTTP gets the newest head, with its cosignature once it has one", async () => {
  const auditor = new TestDevice(server);
  await auditor.signInAsStaff(await server.createStaff("auditor"));
  const path = "/v1/audit/log/checkpoint";
  await until(async () => {
    const answer = await fetch(`${server.url}${path}`, {
      headers: {
        dpop: auditor.proof("GET", path, { token: auditor.token }),
        authorization: `DPoP ${auditor.token}`,
      },
    });
    expect(answer.status).toBe(200);
    return cosignedAt(nodeChecks, parseNote(await answer.text()), witness.key) !== undefined;
  });
});

test("an archive takes the cosignatures that are there, and asks for no second one", async () => {
  // Until nothing is on its way that would make a newer head meanwhile.
  await until(async () => {
    const { rows } = await server.database.owner.query<{ settled: boolean }>(
      `select not exists (select from audit.pending) and exists (
         select from audit.cosignatures
         where log = $1 and size = (select max(size) from audit.trees where log = $1)
       ) as settled`,
      [server.tenant.id],
    );
    return rows[0]?.settled === true;
  });
  const out = join(folder, "archive");
  const asked = `${formatVkey(nodeChecks.sha256, witness.key)}@${witness.url}`;
  const said = await archiveCommand(settings, {
    ...choice(),
    out,
    region: "",
    retainDays: "1",
    witness: [asked],
  });
  expect(said).toMatch(/1 witnesses cosigned\./);
  expect(await verifyFiles(out, { vkey, policy })).toMatch(/cosigned by w\.$/);
  expect(parseNote(await readFile(join(out, "checkpoint"))).signatures).toHaveLength(2);
});
