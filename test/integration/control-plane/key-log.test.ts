import { hash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { OPERATOR_LOG } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { verifyConsistency, verifyInclusion } from "../../../audit/verify/proofs.ts";
import { leafHash } from "../../../audit/verify/tree-hash.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import { decodeKeyEntry } from "../../../crypto/wire/key-entry.ts";
import { keyLogOf } from "../../../identity/transparency/key-log.ts";
import { customerDevice, staffDevice, TestDevice, type Reply } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const { sha256 } = nodeChecks;
const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
const historyOf = (asking: TestDevice, user: string): Promise<Reply> =>
  asking.request("GET", `/v1/users/${user}/key-history`);

/** What a device makes of the answer: every entry, once its proof holds under the signed head. */
function verified({ status, body }: Reply) {
  expect(status).toBe(200);
  const head = openCheckpoint(nodeChecks, body.checkpoint, parseVkey(sha256, body.vkey));
  const entries = (body.entries as { index: number; entry: string; proof: string[] }[]).map(
    ({ index, entry, proof }) => {
      const leaf = leafHash(sha256, decoded(entry));
      verifyInclusion(sha256, { leaf, index, proof: proof.map(decoded) }, head);
      return decodeKeyEntry(decoded(entry));
    },
  );
  return { head, entries };
}

test("registering and removing devices is in the key log at once, provably", async () => {
  const subject = randomUUID();
  const device = await customerDevice(server, subject);
  const second = new TestDevice(server);
  second.joinAccountOf(device);
  await second.signInAsCustomer(subject);
  await second.register();
  await device.remove(second);

  const agent = await staffDevice(server);
  const { entries, head } = verified(await historyOf(agent, device.user));
  expect(entries.map(({ change, version, record }) => [change, version, record.device])).toEqual([
    ["device_added", 1, device.id],
    ["device_added", 2, second.id],
    ["device_removed", 3, second.id],
  ]);
  const { body } = await agent.request("GET", `/v1/users/${device.user}/devices`);
  expect(entries[0]!.record).toEqual({
    tenant: device.tenant,
    user: device.user,
    device: device.id,
    accountKey: decoded(body.accountKey),
    deviceKey: decoded(body.devices[0].deviceKey),
    identityKey: decoded(body.devices[0].identityKey),
    receiptKey: decoded(body.devices[0].receiptKey),
  });
  expect(head.origin).toMatch(new RegExp(`/keys/t/${server.tenant.slug}$`));
});

test("registering again, or being refused, logs nothing more", async () => {
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  const body = device.registration();
  await device.request("POST", "/v1/devices", { body });
  await device.request("POST", "/v1/devices", { body });
  const forged = device.registration({ id: randomUUID() });
  expect((await device.request("POST", "/v1/devices", { body: forged })).status).toBe(400);
  expect(verified(await historyOf(device, device.user)).entries).toHaveLength(1);
});

test("a later head is provably an extension of an earlier one", async () => {
  const agent = await staffDevice(server);
  const old = verified(await historyOf(agent, agent.user)).head;
  const next = await staffDevice(server);
  const { head } = verified(await historyOf(agent, next.user));
  expect(head.size).toBeGreaterThan(old.size);
  const path = `/v1/key-log/consistency?old=${old.size}&size=${head.size}`;
  const { body } = await agent.request("GET", path);
  verifyConsistency(sha256, old, head, body.proof.map(decoded));
  const { body: latest } = await agent.request("GET", "/v1/key-log/checkpoint");
  const newest = openCheckpoint(nodeChecks, latest.checkpoint, parseVkey(sha256, latest.vkey));
  expect(newest.size).toBeGreaterThanOrEqual(head.size);

  const ahead = `/v1/key-log/consistency?old=1&size=${newest.size + 1_000}`;
  const refused = await agent.request("GET", ahead);
  expect([refused.status, refused.body.code]).toEqual([404, "key_log_shorter"]);
  const backwards = await agent.request("GET", "/v1/key-log/consistency?old=2&size=1");
  expect(backwards.status).toBe(404);
  expect((await agent.request("GET", "/v1/key-log/consistency?old=x&size=1")).status).toBe(400);
});

test("a key history is shown to users who may see the devices, and is audited", async () => {
  const [customer, stranger] = [await customerDevice(server), await customerDevice(server)];
  const agent = await staffDevice(server);
  expect((await historyOf(stranger, customer.user)).status).toBe(403);
  expect((await historyOf(stranger, agent.user)).status).toBe(200);
  const read = (await server.auditEntries()).filter(
    ({ action, outcome, subject }) =>
      action === "keys.read_history" && outcome === "success" && subject === agent.user,
  );
  expect(read).toHaveLength(1);
});

test("tenants have logs of their own and see nothing of each other's", async () => {
  const other = await server.createTenant();
  const here = await staffDevice(server);
  const there = await staffDevice(server, "agent", other);
  expect((await historyOf(here, there.user)).status).toBe(404);
  const headOf = async () => verified(await historyOf(there, there.user)).head;
  // The device, and the key of the authority that certifies its account.
  await until(async () => (await headOf()).size === 2);
  const head = await headOf();
  expect(head.origin).toMatch(new RegExp(`/keys/t/${other.slug}$`));
  const pool = server.database.pool;
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [server.tenant.id]);
    for (const table of ["leaves", "tiles", "trees", "checkpoints"]) {
      const { rowCount } = await client.query(`select from audit.${table} where log = $1`, [
        keyLogOf(other.id),
      ]);
      expect(rowCount).toBe(0);
    }
    const forging = client.query("insert into audit.entries (tenant, entry) values ($1, '')", [
      keyLogOf(other.id),
    ]);
    await expect(forging).rejects.toThrow(/row-level security/);
  } finally {
    await client.query("rollback");
    client.release();
  }
});

test("its heads are entries of the operator's log, so a head of that binds them", async () => {
  const agent = await staffDevice(server);
  const { body } = await historyOf(agent, agent.user);
  const { rowCount } = await server.database.owner.query(
    "select from audit.entries where tenant = $1 and position(entry in convert_to($2, 'UTF8')) = 1",
    [OPERATOR_LOG, body.checkpoint],
  );
  expect(rowCount).toBe(1);
});

test("the database and the server agree on which log is a tenant's", async () => {
  const { rows } = await server.database.owner.query<{ id: string }>(
    "select audit.key_log($1) as id",
    [server.tenant.id],
  );
  expect(rows[0]!.id).toBe(keyLogOf(server.tenant.id));
  const digest = hash("sha256", `sealdesk/key-log/v1 ${server.tenant.id}`, "hex");
  expect(rows[0]!.id.replaceAll("-", "")).toBe(digest.slice(0, 32));
});

test("devices from before the log are in it, in the same words", async () => {
  const device = await staffDevice(server);
  const { owner } = server.database;
  const entriesOf = async () =>
    (
      await owner.query<{ text: string }>(
        `select convert_from(entry, 'UTF8') as text from audit.entries
         where convert_from(entry, 'UTF8')::jsonb ->> 'user' = $1 and tenant = $2 order by id`,
        [device.user, keyLogOf(server.tenant.id)],
      )
    ).rows.map(({ text }) => text);
  const [logged] = await entriesOf();
  const migration = new URL("../../../db/migrations/0017_key-log.sql", import.meta.url);
  const [filling] = /^do \$\$[^]*?^\$\$;/m.exec(await readFile(migration, "utf8")) ?? [];
  await owner.query("delete from sealdesk.key_entries");
  await owner.query(filling!);
  // No list was signed at that time, and nobody approved a device.
  const {
    list: _list,
    approval: _approval,
    ...unsigned
  } = JSON.parse(logged ?? "") as Record<string, CanonicalValue>;
  expect(await entriesOf()).toEqual([logged, canonicalJson(unsigned)]);
});
