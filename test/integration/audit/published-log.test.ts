import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { formatVkey, keyIdOf, parseNote } from "../../../audit/verify/note.ts";
import { withLog } from "../../../cli/commands/audit/open-log.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { attackTest } from "../../support/attack-test.ts";
import { entryOf } from "../../support/audit-log.ts";
import { TestDevice } from "../../support/device.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";
import { send } from "../attachments/device-requests.ts";

let server: TestServer;
let witness: TestWitness;
let folder: string;
let staff: TestStaff;
let auditor: TestDevice;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-published-"));
  witness = await startWitness();
  const audit = {
    originPrefix: "sealdesk.local",
    checkpoints: { kind: "directory", folder: join(folder, "checkpoints") },
    witnesses: [witness],
    publication: { quorum: 1, witnesses: [witness.key] },
    restoreApprovers: [],
    sinks: { sinks: [], required: 0 },
  } as const;
  server = await startTestServer({ audit }, { cosignEveryMs: 20 });
  staff = await server.createStaff("auditor");
  auditor = new TestDevice(server);
  await auditor.signInAsStaff(staff);
});
afterAll(async () => {
  await server.close();
  await witness.close();
  await rm(folder, { recursive: true, force: true });
});

const checkpoint = () => send(server, auditor, "GET", "/v1/audit/log/checkpoint");
const sizeSigned = async () => {
  const { rows } = await server.database.owner.query<{ size: number }>(
    "select coalesce(max(size), 0)::int as size from audit.checkpoints where log = $1",
    [server.tenant.id],
  );
  return rows[0]?.size ?? 0;
};

test("a head is served when the quorum has cosigned it, and the log as of that head until the next", async () => {
  await until(async () => (await sizeSigned()) > 0);
  expect((await checkpoint()).status).toBe(404);

  const { slug } = server.tenant;
  const settings = operatorSettings(server);
  const key = await withLog(settings, { tenant: slug }, (log) => Promise.resolve(log.key));
  witness.logs.push(key);
  await until(async () => (await checkpoint()).status === 200);
  witness.interfere = (_, response) => {
    response.writeHead(503).end();
    return true;
  };
  const published = parseCheckpointText(parseNote(await (await checkpoint()).text()).text);
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < 300; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
  await until(async () => (await sizeSigned()) >= published.size + 300);

  const policy = join(folder, "policy");
  await writeFile(policy, `witness w ${formatVkey(nodeChecks.sha256, witness.key)}\nquorum w\n`);
  const vkey = formatVkey(nodeChecks.sha256, key);
  const log = ["audit", "verify", `${server.url}/v1/audit/log`, "--vkey", vkey];
  const account = ["--tenant", slug, "--username", staff.username];
  const args = [...log, ...account, "--policy", policy];
  const verified = await runSealdesk(server, args, `${staff.password}\n`);
  const size = /^Verified (\d+) entries of .*, cosigned by w\./.exec(verified.out)?.[1];
  expect(Number(size)).toBeLessThan(published.size + 300);
  expect(Number(size)).toBeGreaterThanOrEqual(published.size);
});

attackTest(
  {
    attempt: "A cosignature of a witness is made up, so that a head is published",
    foundBy: "whoever reads the published log",
    when: "served",
    code: "audit_checkpoint_invalid",
    says: "Find out who changed it: see docs/audit.md, “When the log was altered”.",
  },
  async () => {
    const keyId = keyIdOf(nodeChecks.sha256, witness.key);
    await server.database.owner.query(
      `insert into audit.cosignatures (log, size, witness, signature)
       values ($1, $2, $3, $4)`,
      [
        server.tenant.id,
        await sizeSigned(),
        witness.key.name,
        Buffer.concat([keyId, Buffer.alloc(72)]),
      ],
    );
    const refused = await checkpoint();
    expect(refused.status).toBe(503);
    const { code, detail } = (await refused.json()) as { code?: string; detail?: string };
    return { code, text: detail ?? "" };
  },
);
