import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportLog } from "../../../cli/commands/audit/export.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import type { Settings } from "../../../cli/settings.ts";
import { OPERATOR } from "../../../audit/operator.ts";
import { logOf } from "../../../crypto/wire/ids.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { openAuditLog, type TestAuditLog } from "../../support/audit-log.ts";

let database: TestDatabase;
let log: TestAuditLog;
let home: string;
let settings: Settings;

beforeEach(async () => {
  database = await createTestDatabase();
  log = await openAuditLog(database);
  home = await mkdtemp(join(tmpdir(), "sealdesk-alone-"));
  settings = {
    home,
    owner: { variable: "DATABASE_OWNER_URL", url: database.ownerUrl },
    keystore: undefined,
    authority: undefined,
    outgoing: { networks: [], allowsLocalHttp: false },
    publicUrl: "http://127.0.0.1:8080",
    production: false,
    kms: () => readKmsSettings({}, { home, production: false }),
    audit: {
      originPrefix: "audit.example",
      checkpoints: { kind: "directory", folder: join(home, "audit-checkpoints") },
      witnesses: [],
      publication: { quorum: 0, witnesses: [] },
      restoreApprovers: [],
      sinks: { sinks: [], required: 0 },
    },
    keystoreBackupMs: 0,
    erasureLedger: { kind: "directory", folder: join(home, "erasure-ledger") },
    operator: OPERATOR,
    command: { name: "sealdesk" },
    auditRetainDays: 2192,
  };
});
afterEach(async () => {
  await log.close();
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

/** Five entries that a node signed with this home's key. The node no longer runs. */
async function five() {
  const tenant = await log.newTenant();
  await log.append(tenant, 5);
  const { kms } = await openKms(settings.kms());
  const store = directoryCheckpoints(join(home, "audit-checkpoints"));
  const node = log.startIntegrator({ signer: await kmsAuditSigner(kms), store });
  await log.settled();
  await node.close();
  await kms.close();
  return tenant;
}
const slugOf = (tenant: string) => `t-${tenant.slice(-8)}`;
const exportTo = (tenant: string, name: string) =>
  exportLog(settings, { tenant: slugOf(tenant), format: "jsonl", out: join(home, name) });

test("entries that commands wrote while no server ran are integrated by the next command", async () => {
  const tenant = await five();
  expect(await exportTo(tenant, "one")).toMatch(/^Exported 5 of 5 /);
  // The previous export left an entry.
  await log.append(tenant, 2);
  expect(await exportTo(tenant, "two")).toMatch(/^Exported 8 of 8 /);
});

test("a refusal is reported, and what was signed is exported", async () => {
  const tenant = await five();
  await writeFile(join(home, "audit-checkpoints", tenant), "nonsense");
  await log.append(tenant);
  expect(await exportTo(tenant, "one")).toMatch(
    /^Exported 5 of 5 .* New entries were not added to the log: /,
  );
});

test("a command never makes the first signature, because its key may belong to another server", async () => {
  const tenant = await log.newTenant();
  await log.append(tenant);
  await expect(exportTo(tenant, "one")).rejects.toThrow(/Nothing has been integrated/);
});

test("verify tells where the times of entries run backwards", async () => {
  const tenant = await five();
  const out = join(home, "tiles");
  const { kms } = await openKms(settings.kms());
  const { publicKey } = await kmsAuditSigner(kms);
  await kms.close();
  const vkey = formatVkey(nodeChecks.sha256, { ...(await log.keyOf(logOf(tenant))), publicKey });
  // The entry of this export has the time of today, and those after it an earlier one.
  await exportTo(tenant, "one");
  await exportLog(settings, { tenant: slugOf(tenant), format: "tiles", out });
  expect(await verifyFiles(out, { vkey })).not.toContain("times run backwards");
  await log.append(tenant, 2);
  await rm(out, { recursive: true });
  await exportLog(settings, { tenant: slugOf(tenant), format: "tiles", out });
  expect(await verifyFiles(out, { vkey })).toMatch(
    /^Verified 9 entries [^]*times run backwards by more than 2 minutes: entry 7 \(2023-[^)]*\) after entry 6 \(20/,
  );
});
