/** Alerts are sent to a server of the tenant. The tests move the server's clock over days. */
import { staffDevice, TestDevice } from "../../support/device.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import {
  isSigned,
  startWebhookReceiver,
  type WebhookReceiver,
} from "../../support/webhook-receiver.ts";

const HOUR_MS = 3_600_000;
const path = "/v1/alerts/webhook";
let server: TestServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());
afterAll(() => server.close());

const set = (device: TestDevice, url = receiver.url) =>
  device.request("PUT", path, { body: { url } });
const setBy = async (device: TestDevice): Promise<string> => (await set(device)).body.secret;
const show = async (device: TestDevice) => (await device.request("GET", path)).body;
const typeOf = ({ body }: { readonly body: string }) => JSON.parse(body).type;
async function alertsOf(tenant: TestTenant): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await server.database.owner.query<Record<string, unknown>>(
    "select id, action, actor, resource from sealdesk.alerts where tenant = $1 order by id",
    [tenant.id],
  );
  return rows;
}

/** Whether the last attempt failed long ago, and its failure is stored. */
async function isSettled(tenant: TestTenant): Promise<boolean> {
  const { rows } = await server.database.owner.query<{ nextMs: string; disabledMs: string | null }>(
    `select next_attempt_at_ms as "nextMs", disabled_at_ms as "disabledMs" from sealdesk.alert_webhooks
     where tenant = $1`,
    [tenant.id],
  );
  return rows.some(
    ({ nextMs, disabledMs }) =>
      disabledMs !== null || Number(nextMs) > server.clock.now() + HOUR_MS / 2,
  );
}

test("every alert is sent once, signed, in order, and without names", async () => {
  const [tenant, other] = [await server.createTenant(), await server.createTenant()];
  const officer = await staffDevice(server, "compliance_officer", tenant);
  await staffDevice(server, "agent", other);
  const before = (await alertsOf(tenant)).length;
  const node = await server.startNode();
  const secret = await setBy(officer);
  await server.createStaff("agent", tenant);
  const slug = ["--slug", tenant.slug];
  await runSealdesk(server, [
    "tenant",
    "staff-grants",
    ...slug,
    "--set",
    "on",
    "--as",
    "ann-smith-of-the-desk",
  ]);
  const alerts = (await alertsOf(tenant)).slice(before);
  await until(() => receiver.received.length >= alerts.length);
  await until(async () => (await show(officer)).waiting === 0);
  expect(receiver.received.map(({ id }) => id)).toEqual(alerts.map(({ id }) => id));
  expect(alerts.map(({ action }) => action)).toEqual([
    "alert.set_webhook",
    "user.create",
    "tenant.allow_staff_grants",
  ]);
  for (const message of receiver.received) expect(isSigned(message, secret)).toBe(true);
  const [first, , last] = receiver.received.map(({ body }) => JSON.parse(body));
  const { eventId } = (await server.auditEntries(tenant)).find(
    ({ action }) => action === "alert.set_webhook",
  ) as { readonly eventId: string };
  expect(first).toEqual({
    type: "alert.raised",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    data: {
      id: eventId,
      tenant: tenant.id,
      action: "alert.set_webhook",
      resourceKind: "alert",
      resource: tenant.id,
      actor: officer.user,
      subject: null,
    },
  });
  expect(last.data.actor).toBe("operator");
  expect(receiver.received.map(({ body }) => body).join("\n")).not.toContain(
    "ann-smith-of-the-desk",
  );
  expect(await show(officer)).toMatchObject({ waiting: 0, failingSinceMs: null });
  // Its URL and its secret are nowhere in plain sight.
  const { owner } = server.database;
  const { rows } = await owner.query<{ secret: Buffer }>(
    "select secret from sealdesk.alert_webhooks where tenant = $1",
    [tenant.id],
  );
  const bytes = Buffer.from(secret.replace("whsec_", ""), "base64");
  expect(rows[0]?.secret.includes(bytes)).toBe(false);
  expect(JSON.stringify(await server.auditEntries(tenant))).not.toContain("token=of-the-receiver");
  expect(server.logged()).not.toContain("token=of-the-receiver");
  await node.close();
});

test("what a receiver does not take is sent again, and after five days the officers are alerted", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "compliance_officer", tenant);
  receiver.answer = (response) => void response.writeHead(500).end();
  const secret = await setBy(officer);
  await until(() => receiver.received.length > 0);
  await until(async () => (await show(officer)).failingSinceMs !== null);
  for (let day = 1; day <= 5; day++) {
    const tried = receiver.received.length;
    server.clock.offsetMs += 24 * HOUR_MS;
    await until(() => receiver.received.length > tried);
    await until(() => isSettled(tenant));
  }
  await until(async () =>
    (await alertsOf(tenant)).some(
      ({ action, actor }) => action === "alert.disable_webhook" && actor === "webhook",
    ),
  );
  const [first, ...more] = receiver.received;
  expect(new Set(more.map(({ id, body }) => `${id} ${body}`))).toEqual(
    new Set([`${first?.id} ${first?.body}`]),
  );
  expect(more.every((message) => isSigned(message, secret))).toBe(true);
  // The time of each attempt is signed, so a receiver refuses an old message that somebody sends again.
  expect(new Set(more.map(({ headers }) => headers["webhook-timestamp"])).size).toBeGreaterThan(3);
  const tried = receiver.received.length;

  receiver.answer = (response) => void response.writeHead(204).end();
  const again = new TestDevice(server);
  const admin = await server.createStaff("admin", tenant);
  await again.signInAsStaff(admin);
  expect(await show(again)).toMatchObject({ disabledAtMs: expect.any(Number) });
  const out = await runSealdesk(server, [
    "alerts",
    "webhook",
    "set",
    "--tenant",
    tenant.slug,
    "--url",
    receiver.url,
  ]);
  expect(out.out).toContain("whsec_");
  const waiting = (await alertsOf(tenant)).slice(1);
  await until(() => receiver.received.length >= tried + waiting.length);
  expect(receiver.received.slice(tried).map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
}, 120_000);

test("a former receiver is still told what waited, and who replaced or removed it", async () => {
  const tenant = await server.createTenant();
  const [officer, admin] = [
    await staffDevice(server, "compliance_officer", tenant),
    await staffDevice(server, "admin", tenant),
  ];
  receiver.answer = (response) => void response.writeHead(500).end();
  const secret = await setBy(officer);
  await until(async () => (await show(officer)).failingSinceMs !== null);
  const other = await startWebhookReceiver();
  const before = (await alertsOf(tenant)).length;
  expect((await set(admin, other.url)).status).toBe(200);
  expect((await admin.request("DELETE", path)).status).toBe(204);
  const changes = (await alertsOf(tenant)).slice(before - 1);
  expect(changes.map(({ action }) => action)).toEqual([
    "alert.set_webhook",
    "alert.set_webhook",
    "alert.remove_webhook",
  ]);
  receiver.answer = (response) => void response.writeHead(204).end();
  const tried = receiver.received.length;
  server.clock.offsetMs += HOUR_MS;
  const wanted = changes.map(({ id }) => id);
  await until(() => receiver.received.length >= tried + wanted.length);
  expect(receiver.received.slice(tried).map(({ id }) => id)).toEqual(wanted);
  expect(receiver.received.every((message) => isSigned(message, secret))).toBe(true);
  await until(() => other.received.length >= wanted.length);
  expect(other.received.map(({ id }) => id)).toEqual(wanted);
  // Then nothing of them is kept.
  await until(async () => {
    const { rows } = await server.database.owner.query(
      "select from sealdesk.alert_webhooks where tenant = $1",
      [tenant.id],
    );
    return rows.length === 0;
  });
  await other.close();
});

test("an act that alerts succeeds while the webhook is deleted", async () => {
  const tenant = await server.createTenant();
  receiver.answer = (response) => void response.writeHead(500).end();
  await setBy(await staffDevice(server, "compliance_officer", tenant));
  const { owner } = server.database;
  const deleting = await owner.connect();
  await deleting.query("begin");
  await deleting.query("delete from sealdesk.alert_webhooks where tenant = $1", [tenant.id]);
  const act = server.createStaff("agent", tenant);
  await until(async () => {
    const { rows } = await owner.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%alert_deliveries%'`,
    );
    return rows.length > 0;
  });
  await deleting.query("commit");
  deleting.release();
  const { id } = await act;
  expect(await alertsOf(tenant)).toContainEqual(
    expect.objectContaining({ action: "user.create", resource: id }),
  );
});

test("a receiver that says that it is gone is given up at once", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "compliance_officer", tenant);
  receiver.answer = (response) => void response.writeHead(410).end();
  await setBy(officer);
  await until(async () => (await show(officer)).disabledAtMs !== null);
  expect(receiver.received).toHaveLength(1);
});

test("officers and administrators set the webhook, with a fresh second factor", async () => {
  const tenant = await server.createTenant();
  const staff = await server.createStaff("compliance_officer", tenant);
  for (const role of ["agent", "auditor", "supervisor"] as const) {
    const device = await staffDevice(server, role, tenant);
    expect(await set(device)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
  const admin = await staffDevice(server, "admin", tenant);
  for (const url of ["http://example.com/", "https://a:b@example.com/", "no URL"])
    expect(await set(admin, url)).toMatchObject({
      status: 400,
      body: { code: "invalid_webhook_url" },
    });
  const missing = { status: 404, body: { code: "webhook_not_set" } };
  expect(await admin.request("GET", path)).toMatchObject(missing);
  expect(await admin.request("DELETE", path)).toMatchObject(missing);
  const officer = await staffDevice(server, "compliance_officer", tenant);
  expect((await set(officer)).status).toBe(200);
  const proved = new TestDevice(server);
  await enrolTotp(server, proved, staff);
  await proved.register();
  server.clock.offsetMs += 11 * 60_000;
  const late = { status: 403, body: { code: "step_up_required" } };
  expect(await set(proved)).toMatchObject(late);
  expect(await proved.request("POST", `${path}/test`)).toMatchObject(late);
  expect(await proved.request("DELETE", path)).toMatchObject(late);
});

test("the operator sets, tries and removes a webhook", async () => {
  const tenant = await server.createTenant();
  const run = async (...words: string[]) => {
    const { out, err } = await runSealdesk(server, [
      "alerts",
      "webhook",
      ...words,
      "--tenant",
      tenant.slug,
    ]);
    return out + err;
  };
  expect(await run("show")).toContain("Set one");
  const printed = await run("set", "--url", receiver.url);
  const [secret = ""] = /whsec_\S+/.exec(printed) ?? [];
  expect(await run("test")).toContain("The receiver took the test message: status 204.");
  const sent = receiver.received.find((message) => typeOf(message) === "alert.test");
  expect(sent !== undefined && isSigned(sent, secret)).toBe(true);
  receiver.answer = (response) =>
    void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
  expect(await run("test")).toContain("did not take the test message: status 302");
  expect(await run("show")).toContain("Alerts are sent to 127.0.0.1:");
  expect(await run("remove")).toContain("not sent any more");
  expect(await run("show")).toContain("Set one");
  expect((await server.auditEntries(tenant)).map(({ action }) => action)).toEqual(
    expect.arrayContaining([
      "alert.set_webhook",
      "alert.test_webhook",
      "alert.read_webhook",
      "alert.remove_webhook",
    ]),
  );
});
