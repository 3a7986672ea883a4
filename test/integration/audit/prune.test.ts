import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntries, classified } from "../../../audit/append-entry.ts";
import { planPruning } from "../../../audit/prune/plan-pruning.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { exportLog } from "../../../cli/commands/audit/export.ts";
import { pruneCommand } from "../../../cli/commands/audit/prune.ts";
import { retentionCommand } from "../../../cli/commands/audit/retention.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { setRoleCommand } from "../../../cli/commands/user.ts";
import type { Settings } from "../../../cli/settings.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { attackTest, type Said } from "../../support/attack-test.ts";
import { entryOf } from "../../support/audit-log.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { logOf, type TenantId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const DAY_MS = 86_400_000;
let server: TestServer;
let folder: string;
let settings: Settings;
let tenant: { readonly id: TenantId; readonly slug: string };

beforeEach(async () => {
  server = await startTestServer({}, { checkEveryMs: 20 });
  // Created long ago: the log does not begin with an entry of today.
  tenant = { id: newId(), slug: `old-${randomUUID().slice(0, 8)}` };
  await server.database.owner.query(
    "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, $2, 'Old', 0)",
    [tenant.id, tenant.slug],
  );
  folder = await mkdtemp(join(tmpdir(), "sealdesk-prune-"));
  settings = operatorSettings(server, { auditRetainDays: 1 });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Appends entries that are so many days apart and end now, and waits until they are signed. */
async function append(count: number, daysApart: number, from = Date.now()) {
  const { id } = tenant;
  const entries = Array.from({ length: count }, (_, at) => ({
    ...entryOf(id, at),
    occurredAtMs: Math.round(from - (count - 1 - at) * daysApart * DAY_MS),
  }));
  await inTransaction(server.database.pool, id, (client) =>
    appendEntries(client, id, entries.map(classified)),
  );
  await until(async () => {
    const { rows } = await server.database.owner.query<{ done: boolean }>(
      `select not exists (select from audit.pending) and (select max(size) from audit.checkpoints
         where log = $1) >= $2 as done`,
      [id, count],
    );
    return rows[0]?.done === true;
  });
}

const prune = (before: number, dryRun?: true) =>
  pruneCommand(settings, {
    tenant: tenant.slug,
    before: new Date(before).toISOString(),
    ...(dryRun && { dryRun }),
  });
const kept = async () =>
  (
    await server.database.owner.query(
      "select from audit.leaves join audit.entries on entries.id = leaves.entry where log = $1",
      [tenant.id],
    )
  ).rowCount;

test("entries that were kept long enough are removed, after their pruning was signed", async () => {
  await append(1_000, 5);
  const old = Date.now() - 2_193 * DAY_MS;
  expect(await prune(old, true)).toMatch(/^Entries 0 to 511 of .* would be removed/);
  expect(await kept()).toBe(1_000);
  expect(await prune(old)).toMatch(/below 512 are pruned/);
  const entries = await server.auditEntries(tenant);
  expect(entries.at(-1)).toMatchObject({ action: "audit.prune", details: { minimumIndex: 512 } });
  const out = join(folder, "tiles");
  await exportLog(settings, { tenant: tenant.slug, format: "tiles", out });
  const { kms } = await openKms(settings.kms());
  const { publicKey } = await kmsAuditSigner(kms);
  await kms.close();
  const name = `sealdesk.local/audit/t/${tenant.slug}`;
  const vkey = formatVkey(nodeChecks.sha256, { name, type: 1, publicKey });
  await expect(verifyFiles(out, { vkey })).rejects.toMatchObject({ place: "entry 0" });
  expect(await verifyFiles(out, { vkey, prunedBelow: "512" })).toMatch(/^Verified 10\d\d entries/);
  const lines = join(folder, "lines");
  await exportLog(settings, { tenant: tenant.slug, format: "csv", out: lines });
  expect(await verifyFiles(lines, { vkey })).toContain(" Entries below 512 were pruned. ");
  // The check of the logs accepts what was declared.
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

/** What a command says when it is refused. */
const refusalOf = (command: Promise<string>): Promise<Said> =>
  command.then(
    (done) => ({ code: undefined, text: done }),
    (error: unknown) => ({
      code: (error as { code?: string }).code,
      text: (error as Error).message,
    }),
  );

attackTest.each<readonly [daysAhead: number, command: (nowMs: number) => Promise<string>]>(
  {
    attempt: "The clock of a command is set so that entries seem old, or later than they are",
    foundBy: "each command that uses the database",
    when: "command",
    code: "clocks_apart",
    says: "Set both clocks right, and run the command again.",
  },
  {
    "to prune early": [7 * 365, prune],
    "to keep a role out of the lists of accounts until then": [
      30,
      async () => {
        const { username } = await server.createStaff("agent");
        const { slug } = server.tenant;
        return setRoleCommand(settings, { tenant: slug, username, role: "admin" });
      },
    ],
  },
  async ([daysAhead, command]) => {
    await append(600, 0);
    const now = Date.now;
    const later = now() + daysAhead * DAY_MS;
    Date.now = () => later;
    let said: Said;
    try {
      said = await refusalOf(command(now()));
    } finally {
      Date.now = now;
    }
    expect(await kept()).toBe(600);
    const { rowCount } = await server.database.owner.query(
      "select from sealdesk.users where tenant = $1 and role = 'admin'",
      [server.tenant.id],
    );
    expect(rowCount).toBe(0);
    return said;
  },
);

describe("the clocks of the whole computer, put forward", () => {
  const plan = async (witnessedMs: number | undefined) => {
    const { kms } = await openKms(settings.kms());
    const heads = new KnownHeads((await kmsAuditSigner(kms)).publicKey);
    await kms.close();
    const { pool } = server.database;
    const { id } = tenant;
    const log = await inTransaction(pool, id, (client) => heads.open(client, logOf(id)));
    const nowMs = Date.now() + 7 * 365 * DAY_MS;
    const clocks = { nowMs, databaseMs: nowMs, witnessedMs };
    return planPruning(pool, log!, { beforeMs: Date.now(), retainMs: DAY_MS, clocks });
  };

  test("count as a silence of 30 days, unless a witness vouches for the time", async () => {
    await append(600, 0, Date.now() - DAY_MS);
    expect(await plan(undefined)).toMatchObject({ minimumIndex: 0 });
    expect(await plan(Date.now() + 7 * 365 * DAY_MS)).toMatchObject({ minimumIndex: 512 });
  });
});

attackTest(
  {
    attempt: "A variable or a command shortens the retention so that entries seem old",
    foundBy: "`sealdesk audit prune`",
    when: "command",
    code: "not_prunable",
    says: "A shorter one counts 30 days after it was recorded with “sealdesk audit retention”.",
  },
  async () => {
    await append(1_000, 5);
    const year = Date.now() - 365 * DAY_MS;
    const said = await refusalOf(prune(year));
    expect(said.text).toContain("2192 days");
    await retentionCommand(settings, { tenant: tenant.slug, days: "300" });
    expect(await refusalOf(prune(year))).toEqual(said);
    expect(await kept()).toBeGreaterThanOrEqual(1_000);
    return said;
  },
);
