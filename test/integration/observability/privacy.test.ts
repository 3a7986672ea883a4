import { randomBytes } from "node:crypto";
import { customerDevice, TestDevice } from "../../support/device.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { RelayOverHttp } from "../../support/relay-over-http.ts";
import { startTestServer } from "../../support/server.ts";
import { startTraceReceiver } from "../../support/trace-receiver.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const said = "my chest hurts badly and my number is +49 151 23456789";
const subject = "jane.roe@example.org";
const wrongPassword = "not-the-password-of-anyone";

/** Texts by which these bytes could be recognised, in each encoding a log might choose. */
function tracesOf(bytes: Uint8Array): string[] {
  const shifted = [0, 1, 2].map((start) => Buffer.from(bytes).subarray(start, start + 24));
  return [
    Buffer.from(bytes).toString("hex", 0, 12),
    ...shifted.flatMap((part) => [part.toString("base64"), part.toString("base64url")]),
    [...bytes.subarray(0, 8)].join(","),
  ].map((text) => text.replace(/[=\w]{0,2}$/, ""));
}

test("a run with every kind of trouble leaves nothing personal in logs, metrics, traces or audit", async () => {
  const receiver = await startTraceReceiver();
  const server = await startTestServer({
    metrics: { host: "127.0.0.1", port: 0 },
    traces: { endpoint: receiver.endpoint, ratio: 1 },
  });
  const staff = await server.createStaff("supervisor");
  const agent = new TestDevice(server);
  await agent.signInAsStaff({ ...staff, password: wrongPassword });
  await agent.signInAsStaff(staff);
  await agent.register();
  const customer = await customerDevice(server, subject);
  const vouched = await server.customerToken(subject);

  // The directory, and requests that are refused.
  await customer.request("GET", `/v1/users/${agent.user}/devices?email=${subject}`);
  await customer.request("POST", `/v1/devices/${agent.id}/bundle`);
  await customer.request("GET", "/v1/staff?role=agent");
  await customer.request("GET", "/v1/staff", { token: `${customer.token}x` });
  await customer.request("GET", `/v1/users/${encodeURIComponent(subject)}/devices`);
  await customer.request("POST", "/v1/sessions", { body: { grant: "password", tenant: "t" } });
  await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": subject },
    body: `{"username":"${staff.username}","password":"${staff.password}`,
  });
  await fetch(`${server.url}/${subject}`);

  // Messages, taken and refused; a device that sends plaintext is the worst there could be.
  const conversation = await createConversation(customer, [agent]);
  const listener = await RelaySocket.open(server, agent);
  await listener.next("synced");
  const socket = await RelaySocket.open(server, customer);
  const sent = { ...messageTo(conversation, [agent]), ciphertext: Buffer.from(said.repeat(5)) };
  expect(await socket.post(sent)).toHaveProperty("seq");
  const random = messageTo(conversation, [agent], { epoch: 9 });
  expect(await socket.post(random)).toMatchObject({ code: "stale_epoch" });
  expect(await socket.post(messageTo(newId<ConversationId>(), [agent]))).toHaveProperty("code");

  // Frames that are none, credentials that are none, a socket displaced and one torn down.
  const garbage = Buffer.from(`garbage of ${subject}, ${said}`);
  for (const bytes of [garbage, randomBytes(64)]) {
    const broken = await RelaySocket.dial(server);
    broken.socket.send(bytes);
    await broken.closed;
  }
  const stranger = await RelaySocket.dial(server);
  stranger.send({ kind: "hello", body: { ...helloOf(customer), accessToken: said } });
  await stranger.closed;
  // The same over HTTP: what names a connection there is as good as a token.
  const polling = await RelayOverHttp.open(server, customer);
  await socket.closed;
  await polling.send({ kind: "send", body: { ...random, ciphertext: Buffer.from(said) } });
  await polling.next("refused");
  await polling.sendBytes(Uint8Array.from(garbage));
  const displacing = await RelaySocket.open(server, customer);
  await displacing.next("synced");
  await listener.close();

  // The database goes away in the middle of things, and comes back.
  const letIn = await server.cutOffDatabase();
  expect((await customer.request("GET", "/v1/conversations")).status).toBeGreaterThanOrEqual(500);
  expect((await agent.signInAsStaff(staff)).status).toBeGreaterThanOrEqual(500);
  const unlucky = await RelaySocket.dial(server);
  unlucky.send({ kind: "hello", body: helloOf(agent) });
  await unlucky.closed;
  const stored = displacing.post({
    ...messageTo(conversation, [agent], { keyId: sent.keyId }),
    ciphertext: Buffer.from(said),
  });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  await letIn();
  expect(await stored).toHaveProperty("seq");
  await agent.request("DELETE", "/v1/sessions/current");
  await displacing.close();

  const metrics = await server.scrape();
  const audit = JSON.stringify(await server.auditEntries());
  await server.close();
  const logged = server.logged();
  const traces = receiver.raw();
  await receiver.close();

  for (const told of ["request failed", "socket closed"]) expect(logged).toContain(told);
  expect(receiver.spans().length).toBeGreaterThan(50);
  expect(metrics).toMatch(/^sealdesk_messages_accepted_total 2$/m);
  const personal = [
    polling.id,
    polling.id.split(".")[1] ?? "",
    staff.username,
    staff.password,
    wrongPassword,
    "Test supervisor",
    subject,
    encodeURIComponent(subject),
    "jane.roe",
    "example.org",
    vouched,
    agent.token,
    customer.token,
    ...[agent.token, customer.token, vouched].map((token) => token.split(".").at(-1) ?? ""),
    new URL(server.loginUrl).password,
    "127.0.0.1",
    "::1",
    "localhost:",
    '"localhost"',
    said,
    "chest hurts",
    "151 23456789",
    "garbage of",
    ...tracesOf(sent.ciphertext),
    ...tracesOf(random.ciphertext),
    ...tracesOf(garbage),
    ...sent.packets.flatMap(({ bytes }) => tracesOf(bytes)),
    ...tracesOf(sent.commitment),
  ];
  for (const [where, text] of Object.entries({ logged, metrics, traces, audit }))
    for (const secret of personal)
      expect([where, secret, text.includes(secret)]).toEqual([where, secret, false]);
}, 60_000);
