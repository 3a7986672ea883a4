import { randomUUID } from "node:crypto";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { askByEmail, askFor, assign, byLink, decide, verify } from "../../support/requests.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const DAY_MS = 86_400_000;
const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });
const officerOf = () => staffDevice(server, "privacy_officer");

async function requestCount(): Promise<number> {
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.requests",
  );
  return rows[0]!.count;
}

test("a request by e-mail counts once its link is opened, from its receipt, and an officer says whose it is", async () => {
  const officer = await officerOf();
  const customer = await customerDevice(server, randomUUID());
  const receivedAtMs = Date.now() - 5 * DAY_MS;
  const before = await requestCount();
  const asked = await askByEmail(officer, "erasure", "Ann.Smith@Example.com", { receivedAtMs });
  expect(asked).toMatchObject({ status: 201, body: { link: expect.any(String) } });
  expect(await requestCount()).toBe(before);
  // Another spelling of the address is the same person.
  const again = await askByEmail(officer, "erasure", " ann.smith@EXAMPLE.com");
  expect(again).toMatchObject(refusal("invalid_request"));
  const other = await askByEmail(officer, "erasure", "ann.smith@EXAMPLE.com");
  const first = await verify(server, other.body.link as string);
  expect(first).toMatchObject({ status: 201, body: { isMerged: false } });
  const second = await verify(server, asked.body.link as string);
  expect(second).toMatchObject({ status: 201, body: { id: first.body["id"], isMerged: true } });
  expect(await verify(server, asked.body.link as string)).toMatchObject(
    refusal("email_request_not_found"),
  );
  const id = first.body["id"] as string;
  const link = second.body["link"] as string;
  expect((await byLink(server, link)).body).toMatchObject({ state: "received", receivedAtMs });
  expect(await decide(officer, id, "accepted")).toMatchObject(refusal("subject_unknown"));
  const shown = await officer.request("GET", `/v1/requests/${id}`);
  expect(shown.body).toMatchObject({ subject: null, receipts: 2 });
  expect(await assign(officer, id, officer.user)).toMatchObject(refusal("forbidden"));
  expect(await assign(officer, id, customer.user)).toMatchObject({ status: 200, body: { id } });
  expect(await assign(officer, id, customer.user)).toMatchObject(refusal("case_moved"));
  expect((await decide(officer, id, "accepted", { windowHours: 24 })).status).toBe(204);
  expect((await byLink(server, link)).body).toMatchObject({ state: "accepted" });
  // Nothing that is stored or recorded has the address.
  const { rows } = await server.database.owner.query<{ text: string }>(
    "select jsonb_agg(e)::text as text from sealdesk.email_requests e",
  );
  const kept = `${rows[0]!.text} ${JSON.stringify(await server.auditEntries())}`.toLowerCase();
  expect(kept).not.toContain("@example.com");
});

test("it becomes part of the request that the person has open, and its receipt starts the clock", async () => {
  const officer = await officerOf();
  const customer = await customerDevice(server, randomUUID());
  const own = await askFor(customer, "access");
  const receivedAtMs = Date.now() - 3 * DAY_MS;
  const asked = await askByEmail(officer, "access", "ben@example.com", { receivedAtMs });
  const { body } = await verify(server, asked.body.link as string);
  expect(body["isMerged"]).toBe(false);
  const assigned = await assign(officer, body["id"] as string, customer.user);
  expect(assigned.body).toEqual({ id: own.body.id });
  const read = await officer.request("GET", `/v1/requests/${own.body.id as string}`);
  expect(read.body).toMatchObject({ receipts: 2, receivedAtMs, subject: customer.user });
  // The link of the person who wrote shows the request that goes on.
  expect((await byLink(server, body["link"] as string)).body).toMatchObject({
    state: "received",
    receivedAtMs,
  });
});

test("links to one address are few, and the answer does not tell whether a customer has it", async () => {
  const officer = await officerOf();
  const replies = [];
  for (let index = 0; index < 6; index++)
    replies.push(await askByEmail(officer, "access", "cora@example.com"));
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 409]);
  expect(replies[5]).toMatchObject(refusal("too_many_receipts"));
  const agent = await staffDevice(server);
  expect(await askByEmail(agent, "access")).toMatchObject(refusal("forbidden"));
});

test("the operator records and assigns one", async () => {
  const customer = await customerDevice(server, randomUUID());
  const tenant = ["--tenant", server.tenant.slug];
  const open = ["request", "open-by-email", "--right", "access", ...tenant];
  const wrong = await runSealdesk(server, open, "no address\n");
  expect(wrong.err).toContain("Pass one e-mail address");
  const { out } = await runSealdesk(server, open, "dora@example.com\n");
  const [link = ""] = /https?:\S+\/request-verification#\S+/.exec(out) ?? [];
  const { body } = await verify(server, link);
  const assigning = ["request", "assign", body["id"] as string, "--subject", customer.user];
  expect((await runSealdesk(server, [...assigning, ...tenant])).out).toContain("of this account");
  const actions = (await server.auditEntries()).map(({ action }) => action);
  for (const action of ["request.ask_by_email", "request.open", "request.assign"])
    expect(actions).toContain(action);
});
