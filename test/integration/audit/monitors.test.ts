import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { buildGo } from "../../support/go.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;
let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-monitor-"));
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < 600; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  server.clock.offsetMs = 0;
});

async function sealdesk(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runSealdesk(server, args, "");
  expect([code, err]).toEqual([0, ""]);
  return out.trim();
}
const monitor = (verb: string, name: string, ...more: readonly string[]) =>
  sealdesk("audit", "monitor", verb, "--tenant", server.tenant.slug, "--name", name, ...more);

/** Asks for the checkpoint as a program does that knows nothing of device proofs. */
async function ask(authorization?: string, tenant = server.tenant.slug) {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await fetch(`${server.url}/v1/monitor/${tenant}/checkpoint`, { headers });
  if (answer.status === 401)
    expect(answer.headers.get("www-authenticate")).toBe(
      'Bearer realm="audit log", Basic realm="audit log"',
    );
  return answer.status;
}
const basic = (token: string) => `Basic ${Buffer.from(`any:${token}`).toString("base64")}`;

test("a stock client verifies the log over HTTP, with the token in its URL", async () => {
  const token = await monitor("add", "auditor");
  const vkey = await sealdesk("audit", "vkey", "--tenant", server.tenant.slug);
  await until(async () => (await ask(`Bearer ${token}`)) === 200);
  const url = new URL(`${server.url}/v1/monitor/${server.tenant.slug}`);
  url.username = "monitor";
  url.password = token;
  const check = spawn(buildGo("check-log", folder), [url.href, vkey]);
  expect(await text(check.stdout)).toMatch(/^ok 6\d\d\n$/);
  const reads = (await server.auditEntries()).filter(({ action }) => action === "audit.read_tiles");
  expect(reads).toMatchObject([
    { actor: { kind: "system", id: "monitor auditor" }, outcome: "success" },
  ]);
}, 120_000);

test("a token is refused elsewhere, when it is replaced, has expired or was removed", async () => {
  const other = await server.createTenant();
  const first = await monitor("add", "watcher", "--days", "10");
  expect(await ask(basic(first))).toBe(200);
  expect(await ask(basic(first), other.slug)).toBe(401);
  expect(await ask(basic(first), "no-such-tenant")).toBe(401);
  const second = await monitor("add", "watcher", "--days", "10");
  expect([await ask(basic(first)), await ask(basic(second))]).toEqual([401, 200]);
  expect(await sealdesk("audit", "monitor", "list", "--tenant", server.tenant.slug)).toContain(
    "watcher  made ",
  );
  server.clock.offsetMs = 11 * DAY_MS;
  expect(await ask(basic(second))).toBe(401);
  server.clock.offsetMs = 0;
  expect(await ask(basic(second))).toBe(200);
  expect(await monitor("remove", "watcher")).toBe("The token of watcher has ended.");
  expect(await ask(basic(second))).toBe(401);
  expect([await ask(), await ask("Bearer"), await ask("DPoP x")]).toEqual([401, 401, 401]);
  const entries = await server.auditEntries();
  const refused = entries.filter(({ outcome }) => outcome === "refused");
  expect(new Set(refused.map(({ reason }) => reason))).toEqual(
    new Set(["unknown_token", "token_expired"]),
  );
  expect(entries.filter(({ action }) => String(action).endsWith("_monitor"))).toMatchObject([
    { action: "tenant.add_monitor", details: { monitor: "auditor" } },
    { action: "tenant.add_monitor", details: { monitor: "watcher" } },
    { action: "tenant.add_monitor", details: { monitor: "watcher" } },
    { action: "tenant.remove_monitor", details: { monitor: "watcher" } },
  ]);
});

test.each(["a tenant that exists", "another one"])(
  "a refusal for %s is answered at the end of a step, so its time tells nothing",
  async (which) => {
    const begunAtMs = performance.now();
    const slug = which === "another one" ? "no-such-tenant" : server.tenant.slug;
    expect(await ask(basic("wrong"), slug)).toBe(401);
    // A timer may end a millisecond early.
    expect(performance.now() - begunAtMs).toBeGreaterThanOrEqual(249);
  },
);

test("nothing of a token is stored, and it opens nothing but the files of the log", async () => {
  const token = await monitor("add", "nosy");
  const { rows } = await server.database.owner.query<{ row: string }>(
    "select row(m.*)::text as row from sealdesk.audit_monitors m",
  );
  expect(JSON.stringify([rows, await server.auditEntries()])).not.toContain(token);
  expect(server.logged()).not.toContain(token);
  for (const path of ["/v1/audit/entries", "/v1/audit/log/checkpoint", "/v1/staff"]) {
    const answer = await fetch(server.url + path, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(401);
  }
});
