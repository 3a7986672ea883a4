import { randomUUID } from "node:crypto";
import { symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { changeOrigins } from "../../../identity/accounts/origins.ts";
import { makeConsumer, type Consumer } from "../../architecture/consumer.ts";
import { buildPage, callIn as call, launchChromium } from "../../support/browser.ts";
import { startPageServer, type PageServer } from "../../support/page-server.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let consumer: Consumer;
/** The site of a tenant, and one that no tenant has. */
let site: PageServer;
let stranger: PageServer;
let server: TestServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  consumer = await makeConsumer();
  // The test's suite signs with it.
  await symlink(resolve("node_modules/@noble"), join(consumer.folder, "node_modules/@noble"));
  const folder = await buildPage(consumer, "foreign-page.js", "plain-suite.js");
  server = await startTestServer();
  const connectTo = `${server.url} ${server.url.replace("http", "ws")}`;
  site = await startPageServer(folder, connectTo);
  stranger = await startPageServer(folder, connectTo);
  await changeOrigins(server.database.ownerUrl, {
    slug: server.tenant.slug,
    kind: "add",
    origin: site.url,
    nowMs: Date.now(),
  });
  browser = await launchChromium();
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(site.url);
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await stranger?.close();
  await server?.close();
  await consumer?.remove();
});

const customer = async (subject: string) => ({
  grant: "customer_token",
  tenant: server.tenant.slug,
  token: await server.customerToken(subject),
});
const sessions = async (): Promise<number> => {
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.sessions",
  );
  return rows[0]?.count ?? 0;
};
const subject = randomUUID();

test("a page of another origin signs in, sends, receives, and uploads a file", async () => {
  const { tenant, username, password } = await server.createStaff("agent");
  const agent = { grant: "password", tenant, username, password };
  expect(await call(page, "talk", server.url, await customer(subject), agent)).toEqual({
    question: "Where is my claim?",
    answer: "It was paid on Monday.",
    file: "claim.pdf",
    size: 300_000,
    isSame: true,
  });
});

test("10 loads of the page open no other session", async () => {
  const before = await sessions();
  const devices = new Set<string>();
  for (let load = 0; load < 10; load++) {
    await page.reload();
    devices.add(await call(page, "visit", server.url, await customer(subject)));
  }
  expect(devices.size).toBe(1);
  expect(await sessions()).toBe(before);
});

test("the second of two tabs is refused the store, and continues the session later", async () => {
  const before = await sessions();
  const credentials = await customer(subject);
  const device = await call(page, "stay", server.url, credentials);
  const second = await context.newPage();
  await second.goto(site.url);
  expect(await call(second, "codeOf", "visit", server.url, credentials)).toBe("store_in_use");
  await page.close();
  // The browser releases the lock of a page some time after it was closed.
  await until(
    async () => (await call(second, "codeOf", "visit", server.url, credentials)) === "no error",
  );
  expect(await call(second, "visit", server.url, credentials)).toBe(device);
  expect(await sessions()).toBe(before);
});

test("a page of an origin that no tenant has reads nothing and opens no WebSocket", async () => {
  const foreign = await context.newPage();
  await foreign.goto(stranger.url);
  expect(await call(foreign, "read", server.url)).toBe("nothing");
  expect(await call(foreign, "dial", server.url)).toBe("refused");
  const credentials = await customer(randomUUID());
  expect(await call(foreign, "codeOf", "visit", server.url, credentials)).toBe("network");
  const known = await context.newPage();
  await known.goto(site.url);
  expect(await call(known, "read", server.url)).toBe("missing_token");
  expect(await call(known, "dial", server.url)).toBe("open");
});
