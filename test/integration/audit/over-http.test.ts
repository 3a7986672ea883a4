import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportLog } from "../../../cli/commands/audit/export.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { eventsOf, follow } from "../../support/follow-audit-log.ts";
import { operatorSettings } from "../../support/operator-settings.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { send } from "../attachments/device-requests.ts";

let server: TestServer;
let folder: string;
let other: TestTenant;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-audit-"));
  other = await server.createTenant();
  for (const { id } of [server.tenant, other])
    await inTransaction(server.database.pool, id, async (client) => {
      for (let at = 0; at < 300; at++) await appendEntry(client, entryOf(id, at));
    });
  await settled();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function settled(): Promise<void> {
  for (;;) {
    const { rows } = await server.database.owner.query<{ settled: boolean }>(
      `select not exists (select from audit.pending) and not exists (
         select from audit.trees t where size = (select max(size) from audit.trees where log = t.log)
           and not exists (select from audit.checkpoints c where c.log = t.log and c.size = t.size)
       ) as settled`,
    );
    if (rows[0]?.settled === true) return;
  }
}

async function reader(
  role: "auditor" | "compliance_officer" = "auditor",
  tenant: TestTenant = server.tenant,
): Promise<TestDevice> {
  const device = new TestDevice(server);
  expect((await device.signInAsStaff(await server.createStaff(role, tenant))).status).toBe(201);
  return device;
}

/** Runs a command as an auditor would, with a password on standard input. */
async function sealdesk(args: readonly string[], input = "") {
  const { code, out, err } = await runSealdesk(server, args, input);
  return { status: code, output: out + err };
}

const vkeyOf = async ({ slug }: TestTenant) =>
  (await sealdesk(["audit", "vkey", "--tenant", slug])).output.trim();

interface Page {
  readonly entries: readonly { readonly index: number; readonly entry: Record<string, unknown> }[];
  readonly after: number | null;
}
const entriesOf = async (device: TestDevice, query: string) => {
  const { status, body } = await device.request("GET", `/v1/audit/entries${query}`);
  return { status, body: body as Page };
};

test("an auditor verifies the log from the server, with only a password and the key", async () => {
  const { slug } = server.tenant;
  const staff = await server.createStaff("auditor");
  const args = ["audit", "verify", `${server.url}/v1/audit/log`, "--vkey"];
  const signIn = ["--tenant", slug, "--username", staff.username];
  const vkey = await vkeyOf(server.tenant);
  const verified = await sealdesk([...args, vkey, ...signIn], `${staff.password}\n`);
  expect(verified).toEqual({
    status: 0,
    output: expect.stringMatching(/^Verified 3\d\d entries of/),
  });
  const wrong = await sealdesk([...args, vkey, ...signIn], "another password\n");
  expect(wrong).toEqual({
    status: 1,
    output: "The server refused the sign-in. The sign-in failed.\n",
  });
  const foreign = await sealdesk([...args, await vkeyOf(other), ...signIn], `${staff.password}\n`);
  expect(foreign).toMatchObject({ status: 1, output: expect.stringMatching(/^checkpoint: /) });
  const agent = await server.createStaff("agent");
  const refused = await sealdesk(
    [...args, vkey, "--tenant", slug, "--username", agent.username],
    `${agent.password}\n`,
  );
  expect(refused).toEqual({ status: 1, output: expect.stringMatching(/answered 403/) });
  // Thousands of files, one entry.
  const read = (await server.auditEntries()).filter(({ action }) => action === "audit.read_tiles");
  expect(read.filter(({ outcome }) => outcome === "success")).toHaveLength(2);
  expect(read.at(-1)).toMatchObject({ outcome: "refused", decision: { reasons: ["role_agent"] } });
});

test("verification works from any web server with the files, and from a file URL", async () => {
  const out = join(folder, "tiles");
  const settings = operatorSettings(server);
  await exportLog(settings, { tenant: server.tenant.slug, format: "tiles", out });
  const vkey = await vkeyOf(server.tenant);
  const web = createServer((request, response) => {
    readFile(join(out, request.url ?? "")).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const { port } = web.address() as AddressInfo;
  expect(await verifyFiles(`http://127.0.0.1:${port}`, { vkey })).toMatch(
    /^Verified 3\d\d entries/,
  );
  web.close();
  expect(await verifyFiles(pathToFileURL(out).href, { vkey })).toMatch(/^Verified 3\d\d entries/);
  await expect(
    verifyFiles(out, { vkey, tenant: server.tenant.slug, username: "x" }),
  ).rejects.toThrow(/ends with \/v1\/audit\/log/);
});

test("files are served as tlog-tiles says, and any other path is not found", async () => {
  const auditor = await reader();
  const tile = await send(server, auditor, "GET", "/v1/audit/log/tile/0/000");
  expect([tile.status, tile.headers.get("content-type")]).toEqual([
    200,
    "application/octet-stream",
  ]);
  expect((await tile.arrayBuffer()).byteLength).toBe(8192);
  const partial = await send(server, auditor, "GET", "/v1/audit/log/tile/0/001.p/5");
  expect((await partial.arrayBuffer()).byteLength).toBe(160);
  const checkpoint = await send(server, auditor, "GET", "/v1/audit/log/checkpoint");
  expect(checkpoint.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await checkpoint.text()).toMatch(/^sealdesk\.local\/audit\/t\//);
  for (const path of ["tile/0/x001/000", "tile/0/1", "tile/0/000.p/256", "..%2f..%2fetc", "x"])
    expect((await send(server, auditor, "GET", `/v1/audit/log/${path}`)).status).toBe(404);
});

test("an officer finds entries page by page, and the search is on record", async () => {
  const officer = await reader("compliance_officer");
  const first = await entriesOf(officer, "?action=transcript.&limit=200");
  expect(first.body.entries).toHaveLength(200);
  const second = await entriesOf(
    officer,
    `?action=transcript.&limit=200&after=${first.body.after}`,
  );
  expect(second.body.entries).toHaveLength(100);
  expect(second.body.after).toBeNull();
  const indexes = [...first.body.entries, ...second.body.entries].map(({ index }) => index);
  expect(new Set(indexes).size).toBe(300);
  const one = await entriesOf(
    officer,
    "?action=transcript.record&actor=test&resource=7&outcome=success&from=1700000000000&until=1700000000008",
  );
  expect(one.body.entries.map(({ entry }) => entry["resource"])).toEqual([
    { type: "tenant", id: "7" },
  ]);
  expect((await entriesOf(officer, "?outcome=refused&actor=nobody")).body.entries).toEqual([]);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "audit.search",
    class: "R",
    actor: { id: officer.user, role: "compliance_officer" },
    details: { outcome: "refused", actor: "nobody", found: 0 },
  });
  for (const wrong of ["?limit=0", "?after=-1", "?outcome=bad", "?name=x", "?subject=me"])
    expect((await entriesOf(officer, wrong)).status).toBe(400);
});

test("a search for an action that does not exist is refused, with the nearest names", async () => {
  const officer = await reader("compliance_officer");
  for (const [wrong, near] of [
    ["transcript.recrod", "transcript.record"],
    ["transcipt.", "transcript."],
  ]) {
    const answer = await officer.request("GET", `/v1/audit/entries?action=${wrong}`);
    expect(answer).toMatchObject({ status: 400, body: { code: "audit_action_unknown" } });
    expect(answer.body.detail).toContain(near);
    expect(answer.body.detail).not.toContain(wrong);
  }
});

test("entries of one tenant are never shown to another", async () => {
  const foreign = await reader("compliance_officer", other);
  let after: number | null = -1;
  for (let query = ""; after !== null; query = `?after=${after}`) {
    const { body } = await entriesOf(foreign, query);
    for (const { entry } of body.entries) expect(entry["tenant"]).toBe(other.id);
    ({ after } = body);
  }
  const ours = await reader();
  const bundle = async (device: TestDevice) =>
    (await send(server, device, "GET", "/v1/audit/log/tile/entries/000")).text();
  expect(await bundle(ours)).not.toContain(other.id);
  expect(await bundle(foreign)).not.toContain(server.tenant.id);
  const events = await eventsOf(
    await follow(server, foreign, { after: 250 }),
    (all) => all.length > 50,
  );
  for (const [, entry] of events) expect(entry["tenant"]).toBe(other.id);
});

test("the tail gives each new entry once, and continues where it was left", async () => {
  const officer = await reader("compliance_officer");
  const marker = randomUUID();
  const answer = await follow(server, officer);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  await officer.request("GET", `/v1/audit/entries?actor=${marker}`);
  const has = (all: readonly (readonly [number, Record<string, unknown>])[]) =>
    all.some(([, { details }]) => (details as { actor?: string } | undefined)?.actor === marker);
  const events = await eventsOf(answer, has);
  const [last] = events.at(-1) ?? [];
  expect(events.map(([index]) => index)).toEqual(
    Array.from(events, (_, at) => (events[0]?.[0] ?? 0) + at),
  );
  await officer.request("GET", `/v1/audit/entries?actor=${marker}`);
  const later = await eventsOf(await follow(server, officer, { after: last ?? 0 }), has);
  expect(later[0]?.[0]).toBe((last ?? 0) + 1);
});

test("foreign bytes cannot forge an event of the tail or an entry of a search", async () => {
  const officer = await reader("compliance_officer");
  const { id } = server.tenant;
  const forged = '{"x":1}\n\nid: 999999\ndata: {"action":"forged"}\n\nevent: end\nretry: 99999999';
  const { body } = await entriesOf(officer, "?limit=500");
  const last = body.entries.at(-1)?.index ?? 0;
  await inTransaction(server.database.pool, id, async (client) => {
    for (const bytes of [Buffer.from(forged), Buffer.from([0xff, 0x0a, 0x0a])])
      await client.query("insert into audit.entries (tenant, entry) values ($1, $2)", [id, bytes]);
    await appendEntry(client, { ...entryOf(id, 1), action: "tenant.resume" });
  });
  await settled();
  const events = await eventsOf(await follow(server, officer, { after: last }), (all) =>
    all.some(([, entry]) => entry["action"] === "tenant.resume"),
  );
  const ids = events.map(([index]) => index);
  expect(ids).toEqual(ids.map((_, at) => last + 1 + at));
  expect(events.map(([, data]) => data)).toEqual(
    expect.arrayContaining([forged, { base64: "/woK" }]),
  );
  const found = (await entriesOf(officer, `?action=link.expire&after=${last}`)).body.entries;
  expect(found).toEqual([
    { index: expect.any(Number), text: forged },
    { index: expect.any(Number), base64: "/woK" },
  ]);
});

test("other roles cannot read the log, and a reader of the log reads nothing else", async () => {
  const paths = ["/v1/audit/log/checkpoint", "/v1/audit/entries", "/v1/audit/tail"];
  const others = [
    await customerDevice(server),
    await staffDevice(server, "agent"),
    await staffDevice(server, "supervisor"),
    await staffDevice(server, "admin"),
    await staffDevice(server, "bot"),
  ];
  for (const device of others)
    for (const path of paths) {
      const refused = await device.request("GET", path);
      expect([path, refused.status, refused.body.code]).toEqual([path, 403, "forbidden"]);
    }
  const [customer] = others;
  for (const role of ["auditor", "compliance_officer"] as const) {
    const auditor = await reader(role);
    for (const path of ["/v1/staff", `/v1/users/${customer?.user}/devices`])
      expect((await auditor.request("GET", path)).status).toBe(403);
    expect((await auditor.request("GET", "/v1/conversations")).body.conversations).toEqual([]);
    const staff = (await others[1]?.request("GET", "/v1/staff"))?.body.staff as { id: string }[];
    expect(staff.map(({ id }) => id)).not.toContain(auditor.user);
  }
});

test("a stopping server does not wait for followers", async () => {
  const node = await server.startNode();
  const officer = await reader();
  const path = "/v1/audit/tail";
  const answer = await fetch(node.url + path, {
    headers: {
      dpop: officer.proof("GET", path, { token: officer.token }),
      authorization: `DPoP ${officer.token}`,
    },
  });
  const read = eventsOf(answer, () => false);
  await node.close();
  await read;
});
