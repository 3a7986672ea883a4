import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer } from "../../support/server.ts";
import {
  startTraceReceiver,
  type ReceivedSpan,
  type TraceReceiver,
} from "../../support/trace-receiver.ts";

let receiver: TraceReceiver;
beforeEach(async () => {
  receiver = await startTraceReceiver();
});
afterEach(() => receiver.close());

const attributesOf = (span: ReceivedSpan | undefined) =>
  Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0] as unknown]),
  );
const childrenOf = (span: ReceivedSpan | undefined) =>
  receiver.spans().filter(({ parentSpanId }) => parentSpanId === span?.spanId);
const childNames = (span: ReceivedSpan) => childrenOf(span).map(({ name }) => name);
const named = (name: string) => receiver.spans().find((span) => span.name === name);

test("requests, hellos, batches and deliveries are traces, with their statements below them", async () => {
  const server = await startTestServer({ traces: { endpoint: receiver.endpoint, ratio: 1 } });
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const conversation = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  await socket.next("synced");
  await socket.post(messageTo(conversation, [agent]));
  await socket.close();
  const reply = await customer.request("GET", `/v1/users/${agent.user}/devices`);
  await customer.request("GET", "/v1/conversations");
  await customer.request("GET", "/v1/staff", { token: `${customer.token}x` });
  await fetch(`${server.url}/readyz`);
  await server.close();

  const request = named("GET /v1/users/:user/devices");
  expect(request).toMatchObject({ kind: 2, status: {} });
  expect(request?.parentSpanId ?? "").toBe("");
  expect(attributesOf(request)).toEqual({
    "http.request.method": "GET",
    "http.route": "/v1/users/:user/devices",
    "http.response.status_code": 200,
    "sealdesk.request_id": reply.headers.get("x-request-id"),
  });
  const statementsBelow = (span: ReceivedSpan | undefined) =>
    childrenOf(span).map((child) => attributesOf(child)["db.operation.name"]);
  expect(statementsBelow(request)).toEqual(expect.arrayContaining(["begin", "select", "commit"]));
  // An ordinary request reads its session, then its answer, and compares the session again. Each transaction
  // is fenced to its tenant where it begins.
  const [session, answer] = [["select"], ["select", "select"]].map((all) => [
    "begin",
    ...all,
    "commit",
  ]);
  expect(statementsBelow(named("GET /v1/conversations"))).toEqual([session, answer].flat());
  expect(attributesOf(named("GET /v1/staff"))).toMatchObject({
    "http.response.status_code": 401,
    "error.type": "invalid_token",
  });
  // Its statements run at the same time, some of them by the pool's own `query`.
  expect(statementsBelow(named("GET /readyz"))).toContain("select");
  for (const { startTimeUnixNano, endTimeUnixNano } of childrenOf(named("GET /readyz")))
    expect(BigInt(endTimeUnixNano) > BigInt(startTimeUnixNano)).toBe(true);
  expect(childrenOf(named("hello")).length).toBeGreaterThan(0);
  expect(named("read deliveries")).toBeDefined();
  // A message whose keys are slow to come is put back, and another batch commits it.
  const batch = receiver
    .spans()
    .find((span) => span.name === "commit batch" && childNames(span).includes("deliver"));
  expect(attributesOf(batch)).toEqual({ "sealdesk.messages": 1 });
  const below = childrenOf(batch);
  expect(below.map(({ name }) => name)).toEqual(expect.arrayContaining(["postgresql", "deliver"]));
  expect(below.map((span) => attributesOf(span)["db.operation.name"])).toContain("insert-events");
});

test("spans contain only the listed attributes", async () => {
  const server = await startTestServer({ traces: { endpoint: receiver.endpoint, ratio: 1 } });
  await customerDevice(server);
  const traceparent = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
  await fetch(`${server.url}/healthz?secret=not~for~traces`, { headers: { traceparent } });
  await server.close();
  const listed = [
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "db.system.name",
    "db.operation.name",
    "error.type",
    "sealdesk.request_id",
    "sealdesk.messages",
    "sealdesk.events",
  ];
  for (const span of receiver.spans()) {
    for (const key of Object.keys(attributesOf(span))) expect(listed).toContain(key);
    expect([span.events ?? [], span.links ?? [], span.status.message]).toEqual([[], [], undefined]);
    expect(span.traceId).not.toBe("1".repeat(32));
  }
  expect(named("GET /healthz")).toBeDefined();
  expect(receiver.raw()).not.toContain("not~for~traces");
});

test("a share of zero makes no spans, and a receiver's refusal is logged without its address", async () => {
  const silent = await startTestServer({ traces: { endpoint: receiver.endpoint, ratio: 0 } });
  await fetch(`${silent.url}/healthz`);
  await silent.close();
  expect(receiver.raw()).toBe("");
  receiver.taking = false;
  const server = await startTestServer({ traces: { endpoint: receiver.endpoint, ratio: 1 } });
  await fetch(`${server.url}/healthz`);
  await server.close();
  expect(receiver.spans()).toEqual([]);
  expect(server.logged()).toContain("the receiver did not accept traces");
  expect(server.logged()).not.toContain("127.0.0.1");
});
