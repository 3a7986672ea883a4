import { openRequestLink } from "../../../client/index.ts";
import { dueDates } from "../../../policies/deadlines/due-date.ts";
import { randomUUID } from "node:crypto";
import { connectCustomer } from "../../support/member.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import {
  askFor,
  byLink,
  decide,
  extend,
  initialRules,
  recordFor,
  setRules,
} from "../../support/requests.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const DAY_MS = 86_400_000;
const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });
const officerOf = (tenant?: TestTenant) => staffDevice(server, "compliance_officer", tenant);

/** What the page of a request's link shows. */
const statusOf = (link: string, change?: (secret: string) => string) =>
  byLink(server, link, "", change);

const listed = async (device: TestDevice, all = false) =>
  (await device.request("GET", `/v1/requests?all=${all}`)).body.requests as {
    readonly id: string;
    readonly receipts: number;
    readonly receivedAtMs: number;
    readonly dueAtMs: number;
  }[];

test("the same request 20 times over several channels is one case, and the earliest receipt starts the clock", async () => {
  const tenant = await server.createTenant();
  const customer = await customerDevice(server, randomUUID(), tenant);
  const [agent, officer] = [await staffDevice(server, "agent", tenant), await officerOf(tenant)];
  const letterMs = Date.now() - 10 * DAY_MS;
  const asks = Array.from({ length: 20 }, (_, index) => {
    if (index % 3 === 0) return askFor(customer, "access");
    if (index % 3 === 1) return recordFor(agent, customer.user, "access");
    return recordFor(officer, customer.user, "access", { receivedAtMs: letterMs + index });
  });
  const replies = await Promise.all(asks);
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
  expect(new Set(replies.map(({ body }) => body.id as string)).size).toBe(1);
  expect(replies.filter(({ body }) => body.isMerged === false)).toHaveLength(1);
  // The person gets a link each time. Staff get one for the person only with the first receipt.
  const links = replies.flatMap(({ body }) => (body.link === null ? [] : [body.link as string]));
  expect(new Set(links).size).toBe(links.length);
  expect(links.length).toBeGreaterThanOrEqual(7);
  expect(links.length).toBeLessThanOrEqual(8);
  const [request, ...others] = await listed(officer);
  expect(others).toEqual([]);
  expect(request).toMatchObject({ receipts: 20, receivedAtMs: letterMs + 2, state: "received" });
  const receipt = { timeZone: "UTC", holidays: new Set<string>(), isExtended: false };
  const [due] = dueDates(["gdpr"], "access", { ...receipt, receivedAtMs: letterMs + 2 });
  expect(request?.dueAtMs).toBe(due?.endsAtMs);
  // Every link shows the same request, with the due date of the earliest receipt.
  for (const link of links)
    expect(await statusOf(link)).toMatchObject({
      status: 200,
      body: { dueAtMs: request?.dueAtMs, citation: "Regulation (EU) 2016/679, Article 12(3)" },
    });
  // Another right is another case, and so is the same one once the first is answered.
  expect((await askFor(customer, "erasure")).body).toMatchObject({ isMerged: false });
  const id = request?.id ?? "";
  expect((await decide(officer, id, "accepted")).status).toBe(204);
  expect((await askFor(customer, "access")).body).toMatchObject({ isMerged: true, id });
  expect((await decide(officer, id, "answered")).status).toBe(204);
  expect((await askFor(customer, "access")).body).toMatchObject({ isMerged: false });
});

test("a person sees their own requests, an officer those of the tenant, and others none", async () => {
  const [customer, other] = [
    await customerDevice(server, randomUUID()),
    await customerDevice(server, randomUUID()),
  ];
  const [officer, agent] = [await officerOf(), await staffDevice(server)];
  const elsewhere = await officerOf(await server.createTenant());
  const { body } = await askFor(customer, "portability");
  const id = body.id as string;
  const read = (device: TestDevice) => device.request("GET", `/v1/requests/${id}`);
  const readCase = (device: TestDevice) => device.request("GET", `/v1/cases/${id}`);
  expect((await read(customer)).body).toMatchObject({ id, right: "portability" });
  expect((await readCase(customer)).body).toMatchObject({ id, kind: "request", steps: [] });
  expect((await read(officer)).body).toMatchObject({ subject: customer.user });
  for (const device of [other, agent, elsewhere]) {
    expect(await read(device)).toMatchObject(refusal("request_not_found"));
    expect(await readCase(device)).toMatchObject(refusal("case_not_found"));
  }
  expect((await listed(customer)).map((each) => each.id)).toEqual([id]);
  expect(await listed(other)).toEqual([]);
  expect(await decide(customer, id, "refused", { ground: "none" })).toMatchObject(
    refusal("forbidden"),
  );
  expect(await decide(elsewhere, id, "accepted")).toMatchObject(refusal("request_not_found"));
  const cases = (await officer.request("GET", "/v1/cases")).body.cases as { readonly id: string }[];
  expect(cases.map((each) => each.id)).toContain(id);
});

test("an extension is told to the person, once and in time; a refusal names its ground", async () => {
  const customer = await customerDevice(server, randomUUID());
  const officer = await officerOf();
  const { body } = await askFor(customer, "access");
  const [id, link] = [body.id as string, body.link as string];
  const extended = await extend(officer, id);
  expect(extended.body.dueAtMs).toBeGreaterThan((body.dueAtMs as number) + 50 * DAY_MS);
  expect(await extend(officer, id)).toMatchObject(refusal("not_extendable"));
  const again = await askFor(customer, "access");
  expect(again.body).toMatchObject({ isMerged: true, dueAtMs: extended.body.dueAtMs });
  expect((await statusOf(link)).body).toMatchObject({
    dueAtMs: extended.body.dueAtMs,
    extensionReason: "the records are many",
  });
  expect(await decide(officer, id, "refused")).toMatchObject(refusal("ground_required"));
  const ground = "GDPR Article 12(5)(b)";
  expect(await decide(officer, id, "accepted", { ground })).toMatchObject(
    refusal("ground_required"),
  );
  expect((await decide(officer, id, "refused", { ground })).status).toBe(204);
  expect(await decide(officer, id, "accepted")).toMatchObject(refusal("case_moved"));
  expect(await extend(officer, id)).toMatchObject(refusal("not_extendable"));
  expect((await statusOf(link)).body).toMatchObject({ state: "refused", refusalGround: ground });
});

test("the page of a link needs its secret, and shows nothing of the person", async () => {
  const customer = await customerDevice(server, randomUUID());
  const { body } = await askFor(customer, "restriction");
  const { status, body: shown } = await statusOf(body.link as string);
  expect(status).toBe(200);
  expect(JSON.stringify(shown)).not.toContain(customer.user);
  const other = await statusOf(body.link as string, (secret) =>
    secret.startsWith("A") ? `B${secret.slice(1)}` : `A${secret.slice(1)}`,
  );
  expect([other.status, other.body["code"]]).toEqual([404, "request_not_found"]);
  const { rows } = await server.database.owner.query<{ link_hash: Buffer }>(
    "select link_hash from sealdesk.request_links where request = $1",
    [body.id],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.link_hash.toString("base64url")).not.toBe(new URL(body.link).hash.split(".")[1]);
  const page = await fetch(`${server.url}/request-status`);
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(await page.text()).toContain("Your request");
});

test("officers say which law applies to whom, by where people live", async () => {
  const tenant = await server.createTenant();
  const customer = await customerDevice(server, randomUUID(), tenant);
  const officer = await officerOf(tenant);
  expect(await askFor(customer, "opt_out")).toMatchObject(refusal("right_not_available"));
  const laws = [
    { law: "gdpr", residences: ["DE", "FR"] },
    { law: "ccpa", residences: ["US-CA"] },
  ];
  const rules = { timeZone: "America/Los_Angeles", holidays: ["2026-07-03"], laws };
  expect((await setRules(officer, rules)).body).toEqual({ version: 1 });
  for (const wrong of [
    { ...initialRules, timeZone: "Nowhere/City" },
    { ...initialRules, holidays: ["2026-02-29"] },
    { ...initialRules, laws: [{ law: "unknown" }] },
  ])
    expect(await setRules(officer, wrong)).toMatchObject(refusal("invalid_request_rules"));
  expect((await officer.request("GET", "/v1/request-rules")).body).toMatchObject({
    version: 1,
    content: rules,
  });
  expect((await askFor(customer, "opt_out", { residence: "US-CA" })).status).toBe(201);
  // Whoever names the country only may live there.
  const american = await customerDevice(server, randomUUID(), tenant);
  expect((await askFor(american, "opt_out", { residence: "US" })).status).toBe(201);
  const european = await askFor(customer, "opt_out", { residence: "DE" });
  expect(european).toMatchObject(refusal("right_not_available"));
  expect((await listed(officer))[0]).toMatchObject({ law: "ccpa", citation: "11 CCR 7026(f)" });
});

test("officers are alerted when a request is overdue, and the request stays where it is", async () => {
  const tenant = await server.createTenant();
  const customer = await customerDevice(server, randomUUID(), tenant);
  const officer = await officerOf(tenant);
  // Received so long ago that it is overdue.
  const receivedAtMs = Date.now() - 100 * DAY_MS;
  const tooEarly = { receivedAtMs: 0 };
  expect(await recordFor(officer, customer.user, "access", tooEarly)).toMatchObject(
    refusal("invalid_receipt"),
  );
  const { body } = await recordFor(officer, customer.user, "access", { receivedAtMs });
  const reminders = async () =>
    (await server.auditEntries(tenant)).filter(({ action }) => action === "request.remind");
  await until(async () => (await reminders()).length > 0);
  expect(await reminders()).toMatchObject([{ details: { isOverdue: true } }]);
  const { alerts } = (await officer.request("GET", "/v1/alerts")).body;
  expect(alerts).toContainEqual(expect.objectContaining({ action: "request.remind" }));
  expect((await listed(officer))[0]).toMatchObject({ id: body.id, state: "received" });
});

test("the SDK asks, and asks again, lists, follows and withdraws", async () => {
  const { sealdesk } = await connectCustomer(server);
  const first = await sealdesk.rights.request("access");
  const again = await sealdesk.rights.request("access", { residence: "DE" });
  expect(again).toMatchObject({ id: first.id, isMerged: true });
  expect(again.link).not.toBe(first.link);
  expect(await sealdesk.rights.list()).toMatchObject([{ id: first.id, state: "received" }]);
  const link = await openRequestLink(first.link);
  const told: string[] = [];
  const stop = link.follow(({ state }) => void told.push(state));
  await until(() => told.length > 0);
  await sealdesk.rights.withdraw(first.id);
  await until(() => told.length > 1);
  expect(told).toEqual(["received", "withdrawn"]);
  stop();
  await expect(link.withdraw()).rejects.toMatchObject({ code: "request_refused" });
  await expect(link.certificate()).rejects.toMatchObject({ problem: "certificate_not_found" });
  await sealdesk.close();
});
