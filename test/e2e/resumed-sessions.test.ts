import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, Sealdesk, type Credentials } from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-resumed-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface App {
  readonly credentials: Credentials;
  /** How many customer tokens were asked for. */
  readonly asked: () => number;
  start(options?: {
    readonly credentials?: Credentials;
    readonly suite?: boolean;
    readonly clockOffMs?: number;
  }): Promise<Sealdesk>;
}

/** A customer's app, whose store is on the disk. */
function appOf(customer: string = randomUUID()): App {
  const name = randomUUID();
  const key = randomBytes(32);
  let asked = 0;
  const token = () => {
    asked++;
    return server.customerToken(customer);
  };
  const usual: Credentials = { grant: "customer_token", tenant: server.tenant.slug, token };
  return {
    credentials: usual,
    asked: () => asked,
    async start({ credentials = usual, suite = true, clockOffMs = 0 } = {}) {
      const store = await openStore(join(folder, name), key);
      const after = (ms: number, callback: () => void) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      };
      const clock = { now: () => Date.now() + clockOffMs, after };
      return Sealdesk.connect({
        url: server.url,
        credentials,
        suite: suite ? signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 }) : undefined,
        store,
        webSocket,
        runtime: { clock },
      }).catch(async (error: unknown) => {
        await store.close();
        throw error;
      });
    },
  };
}

const sessions = async (): Promise<number> => {
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.sessions",
  );
  return rows[0]?.count ?? 0;
};

test.each([
  [10, "with a suite", true],
  [50, "without a suite", false],
])("%i starts in a row open one session, %s", async (starts, _with, suite) => {
  const app = appOf();
  const before = await sessions();
  const users = new Set<string>();
  for (let start = 0; start < starts; start++) {
    const sealdesk = await app.start({ suite });
    users.add(sealdesk.user.id);
    await sealdesk.staff();
    await sealdesk.close();
  }
  expect(await sessions()).toBe(before + 1);
  expect(app.asked()).toBe(1);
  expect(users.size).toBe(1);
});

test("a session that was closed elsewhere, or has ended, is replaced by another", async () => {
  const app = appOf();
  await (await app.start()).close();
  await server.database.owner.query("update sealdesk.sessions set revoked_at_ms = 1");
  await (await app.start()).close();
  expect(app.asked()).toBe(2);
  await server.database.owner.query("update sealdesk.sessions set expires_at_ms = 1");
  await (await app.start()).close();
  expect(app.asked()).toBe(3);
});

test("a device that was removed is told so", async () => {
  const app = appOf();
  const sealdesk = await app.start();
  const { device } = sealdesk;
  await sealdesk.close();
  await server.database.owner.query("update sealdesk.devices set revoked_at_ms = 1 where id = $1", [
    device,
  ]);
  await expect(app.start()).rejects.toMatchObject({ code: "device_revoked" });
});

test("signOut ends the session on the server and deletes it from the store", async () => {
  const app = appOf();
  const sealdesk = await app.start();
  const { device } = sealdesk;
  await sealdesk.signOut();
  await expect(sealdesk.staff()).rejects.toMatchObject({ code: "closed" });
  const { rows } = await server.database.owner.query<{ open: number }>(
    `select count(*)::int as open from sealdesk.sessions s
     join sealdesk.devices d on d.user_id = s.user_id
     where d.id = $1 and s.revoked_at_ms is null`,
    [device],
  );
  expect(rows[0]?.open).toBe(0);

  const nobody = { ...app.credentials, token: () => "not a token" } as Credentials;
  await expect(app.start({ credentials: nobody })).rejects.toMatchObject({
    code: "sign_in_failed",
  });
  const again = await app.start();
  expect(again.device).toBe(device);
  expect(app.asked()).toBe(2);
  await again.close();
});

test("credentials that name another account do not continue the session", async () => {
  const { tenant, username, password } = await server.createStaff("agent");
  const another = await server.createStaff("agent");
  const app = appOf();
  const first = { grant: "password", tenant, username, password } as const;
  const sealdesk = await app.start({ credentials: first });
  await sealdesk.close();
  const second = { ...first, username: another.username, password: another.password };
  await expect(app.start({ credentials: second })).rejects.toMatchObject({
    code: "other_account",
  });

  const customers = appOf();
  const named = (subject: string) => ({ ...customers.credentials, subject }) as Credentials;
  await (await customers.start({ credentials: named("one") })).close();
  await (await customers.start({ credentials: named("one") })).close();
  expect(customers.asked()).toBe(1);
  await (await customers.start({ credentials: named("two") })).close();
  expect(customers.asked()).toBe(2);
});

test("a device whose clock is wrong continues its session too", async () => {
  const app = appOf();
  await (await app.start()).close();
  for (const clockOffMs of [-86_400_000, 600_000, 86_400_000])
    await (await app.start({ clockOffMs })).close();
  expect(app.asked()).toBe(1);
});

test("the app is told of messages that came while it was away", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const before = await sessions();
  await customer.sealdesk.close();
  await (await joined(agent, conversation.id)).send("Are you still there?");
  const back = await customer.restart();
  const read = await joined(back, conversation.id);
  expect(await readTexts(read, 1)).toEqual(["Are you still there?"]);
  expect(await sessions()).toBe(before);
  await back.sealdesk.close();
  await agent.sealdesk.close();
});
