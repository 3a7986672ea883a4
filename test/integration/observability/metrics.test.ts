import { randomUUID } from "node:crypto";
import { createMetrics } from "../../../server/metrics/metrics.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } });
  customer = await customerDevice(server);
  agent = await staffDevice(server);
});
afterAll(() => server.close());

/** The value of one sample; 0 for one that is not there. */
async function sample(name: string): Promise<number> {
  const line = (await server.scrape()).split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

test("the relay's work is counted once each", async () => {
  const conversation = await createConversation(customer, [agent]);
  const receiver = await RelaySocket.open(server, agent);
  await receiver.next("synced");
  const [created] = await receiver.deliveries(1);
  expect(created?.kind).not.toBe("message");
  const sender = await RelaySocket.open(server, customer);
  await sender.next("synced");
  expect(await sample("sealdesk_connections")).toBe(2);
  expect(await sample('sealdesk_deliveries_total{from="log"}')).toBe(2);

  const send = messageTo(conversation, [agent]);
  for (const each of [send, messageTo(conversation, [agent], { keyId: send.keyId })])
    expect(await sender.post(each)).toHaveProperty("seq");
  expect(await sender.post(send)).toHaveProperty("seq");
  expect(await sender.post(messageTo(newId<ConversationId>(), [agent]))).toHaveProperty("code");
  expect(await sender.post(messageTo(conversation, [agent], { epoch: 7 }))).toMatchObject({
    code: "stale_epoch",
  });
  await receiver.deliveries(2);
  expect(await sample("sealdesk_messages_accepted_total")).toBe(2);
  expect(await sample('sealdesk_membership_events_total{kind="created"}')).toBe(1);
  expect(await sample('sealdesk_messages_refused_total{code="stale_epoch"}')).toBe(1);
  expect(await sample('sealdesk_messages_refused_total{code="conversation_not_found"}')).toBe(1);
  expect(await sample('sealdesk_deliveries_total{from="commit"}')).toBe(2);
  // More, when a key took so long that its message was put aside and taken again.
  expect(await sample("sealdesk_batch_messages_sum")).toBeGreaterThanOrEqual(5);
  expect(await sample("sealdesk_batch_commit_seconds_count")).toBe(
    await sample("sealdesk_batch_messages_count"),
  );
  expect(await sample("sealdesk_backlog_messages")).toBe(0);

  sender.socket.send("no frame");
  await sender.closed;
  const again = await RelaySocket.open(server, customer, [{ conversation, seq: 1 }]);
  await again.next("synced");
  expect(await sample('sealdesk_hellos_total{kind="new"}')).toBe(2);
  expect(await sample('sealdesk_hellos_total{kind="resumed"}')).toBe(1);
  expect(await sample('sealdesk_socket_closes_total{reason="protocol_error"}')).toBe(1);
  expect(await sample('sealdesk_socket_errors_total{code="malformed_frame"}')).toBe(1);
  await again.close();
  await receiver.close();
});

test("requests are counted by pattern, problems by code, strange methods as one", async () => {
  await customer.request("GET", `/v1/users/${agent.user}/devices`);
  await customer.request("GET", "/v1/staff", { token: `${customer.token}x` });
  await fetch(`${server.url}/no/${randomUUID()}`, { method: "PROPFIND" });
  const route = 'method="GET",route="/v1/users/:user/devices"';
  expect(await sample(`sealdesk_http_requests_total{${route},status="200"}`)).toBe(1);
  expect(await sample(`sealdesk_http_request_seconds_count{${route}}`)).toBe(1);
  expect(await sample('sealdesk_http_problems_total{code="invalid_token"}')).toBe(1);
  expect(await sample('sealdesk_http_requests_total{method="other",route="-",status="404"}')).toBe(
    1,
  );
});

test("the process, the pool and the partitions are measured", async () => {
  const scraped = await server.scrape();
  for (const name of ["nodejs_eventloop_lag_p99_seconds", "nodejs_heap_size_used_bytes"])
    expect(scraped).toMatch(new RegExp(`^${name} `, "m"));
  expect(scraped).toContain('sealdesk_build_info{version="0.0.0-test"} 1');
  expect(await sample('sealdesk_database_connections{state="idle"}')).toBeGreaterThan(0);
  const kept = await sample("sealdesk_partitions_kept_timestamp_seconds");
  expect(Math.abs(Date.now() / 1000 - kept)).toBeLessThan(300);
});

test("every metric is explained, and labels hold no id, name or address", async () => {
  const scraped = await server.scrape();
  const names = [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(40);
  for (const name of names) expect(scraped).toMatch(new RegExp(`^# HELP ${name} \\S`, "m"));
  for (const pattern of [/[0-9a-f]{8}-[0-9a-f]{4}-/i, /\d+\.\d+\.\d+\.\d+/, /::1/, /@/])
    expect(scraped).not.toMatch(pattern);
  for (const personal of [customer.user, agent.user, customer.token, server.tenant.slug])
    expect(scraped).not.toContain(personal);
});

test("metrics are served on their own address only, which serves nothing else", async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  const quiet = await startTestServer();
  await expect(quiet.scrape()).rejects.toThrow("collects no metrics");
  await quiet.close();
});

test("metrics of several nodes and of slow devices exist", async () => {
  const metrics = createMetrics({ pool: server.database.pool, version: "1" });
  metrics.relay.gap();
  metrics.relay.slowConsumer("closed");
  metrics.log.retried(3);
  metrics.log.conflicted(2);
  metrics.log.partitionsFailed();
  await expect(metrics.log.batch(1, () => Promise.reject(new Error("lost")))).rejects.toThrow();
  const { text } = await metrics.scrape();
  for (const line of [
    "sealdesk_gaps_total 1",
    'sealdesk_slow_consumers_total{step="closed"} 1',
    "sealdesk_messages_retried_total 3",
    "sealdesk_log_conflicts_total 2",
    "sealdesk_partition_failures_total 1",
    "sealdesk_batch_failures_total 1",
    "sealdesk_batch_commit_seconds_count 0",
  ])
    expect(text.split("\n")).toContain(line);
});
