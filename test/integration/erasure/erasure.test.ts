import { nodeChecks } from "../../../audit/node-checks.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { verifyCertificate } from "../../../audit/verify/certificate/verify-certificate.ts";
import { Secret } from "../../../keys/secret.ts";
import { connectRedis } from "../../../server/nodes/redis-client.ts";
import { decodeKeyEntry } from "../../../crypto/wire/key-entry.ts";
import {
  certificateOf,
  certificatesOf,
  erase,
  LAW,
  reached,
  sealedMessages,
} from "../../support/erasures.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { placeHold } from "../../support/holds.ts";
import { conversing } from "../../support/customer-with-conversations.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { isSigned, startWebhookReceiver } from "../../support/webhook-receiver.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";

let redis: TestRedis;
let server: TestServer;
beforeAll(async () => {
  redis = await startRedis();
  server = await startTestServer({ redisUrl: new Secret(redis.url) });
});
afterAll(async () => {
  await server.close();
  await redis.kill();
});

const missing = (): never => {
  throw new Error("there is no such conversation");
};

async function trustedKey() {
  const { out } = await runSealdesk(server, ["audit", "vkey", "--tenant", server.tenant.slug]);
  return parseVkey(nodeChecks.sha256, out.trim());
}

async function certified(id: CaseId) {
  await reached(server.database, id, "certified");
  const file = await certificateOf(server.database, id);
  return verifyCertificate(nodeChecks, file, { trusted: [await trustedKey()] }).certificate;
}

test("a person is erased but for what a hold keeps, and the certificate says so", async () => {
  const { customer, agent, socket, conversations } = await conversing(server, 3);
  const [first = missing(), second = missing(), third = missing()] = conversations;
  const officer = await staffDevice(server, "compliance_officer");
  expect(await placeHold(server, officer, officer, { conversation: third })).toMatchObject({
    status: 201,
  });
  const plan = await runSealdesk(server, [
    "erase",
    "plan",
    customer.user,
    "--tenant",
    server.tenant.slug,
  ]);
  expect(plan.out).toMatch(
    new RegExp(`erase     conversation ${first}, period \\d+: 3 messages, 1 keys`),
  );
  expect(plan.out).toMatch(
    new RegExp(`restrict  conversation ${third}, .*GDPR Art. 17\\(3\\)\\(e\\)`),
  );

  const certificate = await certified(
    await erase(server.database, server.tenant.id, customer.user),
  );
  expect(certificate).toMatchObject({ law: LAW, subject: customer.user, former: null });
  const about = (items: readonly { readonly kind: string; readonly id: string }[]) =>
    items.filter(({ kind }) => kind === "messages").map(({ id }) => id);
  expect(about(certificate.erased).toSorted()).toEqual([first, second].toSorted());
  expect(certificate.restricted).toEqual([
    expect.objectContaining({
      kind: "messages",
      id: third,
      records: 3,
      citation: "GDPR Art. 17(3)(e)",
    }),
  ]);
  expect(certificate.stores.map(({ store }) => store).toSorted()).toEqual([
    "attachments",
    "database",
    "keystore",
    "nodes",
  ]);
  // The agent has a copy, and nobody waited for an answer.
  expect(certificate.devices).toEqual([
    expect.objectContaining({ device: agent.id, user: agent.user, acknowledgedAtMs: null }),
  ]);
  expect(certificate.fence).toContainEqual({ conversation: first, seq: 4 });
  const counts = await Promise.all(conversations.map((id) => sealedMessages(server.database, id)));
  expect(counts).toEqual([0, 0, 3]);

  const node = await server.startNode();
  const reader = await RelaySocket.open(node, agent, [
    { conversation: first, seq: 0 },
    { conversation: third, seq: 0 },
  ]);
  expect(await reader.next("gap")).toMatchObject({
    conversation: first,
    from: 2,
    reason: "erased",
  });
  // What is kept is readable for the custodian of the hold alone.
  expect(reader.heads.map(({ conversation }) => conversation)).not.toContain(third);
  expect(await agent.request("GET", `/v1/conversations/${third}`)).toMatchObject({
    body: { isRestricted: true },
  });
  await Promise.all([reader.close(), socket.close()]);
  await node.close();
});

test("Redis has nothing of what was said, and nothing of the erased", async () => {
  const { socket, conversations } = await conversing(server, 1);
  await socket.close();
  // This person sends nothing, so no node writes the buckets again.
  const customer = await customerDevice(server);
  const connection = await connectRedis(new Secret(redis.url), () => undefined);
  const { client } = connection;
  const keys = () => client.keys("*");
  for (const key of [`messages:${customer.user}`, `conversations:${customer.id}`])
    await client.hSet(`sealdesk:${key}`, { tokens: "1", at: "1" });
  const types = await Promise.all((await keys()).map((key) => client.type(key)));
  // "none" has expired since it was listed.
  expect(types.filter((type) => !["hash", "string", "none"].includes(type))).toEqual([]);
  expect((await keys()).join(" ")).not.toContain(conversations[0]);
  const { stores } = await certified(await erase(server.database, server.tenant.id, customer.user));
  expect(stores.map(({ store }) => store)).toContain("nodes");
  const left = (await keys()).join(" ");
  for (const id of [customer.user, customer.id]) expect(left).not.toContain(id);
  await connection.close();
});

test("while Redis is away, an erasure waits for it and says so, and is certified afterwards", async () => {
  const customer = await customerDevice(server);
  await redis.kill();
  const id = await erase(server.database, server.tenant.id, customer.user);
  await reached(server.database, id, "nodes");
  await redis.restart();
  await reached(server.database, id, "certified");
});

test("the certificate waits until each system of the tenant has taken a signed event, and names one that is given up", async () => {
  const [receiver, broken] = [await startWebhookReceiver(), await startWebhookReceiver()];
  let answers = 0;
  receiver.answer = (response) => void response.writeHead(answers++ === 0 ? 503 : 204).end();
  broken.answer = (response) => void response.writeHead(500).end();
  const consumer = (...args: readonly string[]) =>
    runSealdesk(server, ["erase", "consumer", ...args, "--tenant", server.tenant.slug]);
  const added = await consumer("add", "--name", "warehouse", "--url", receiver.url);
  const secret = /whsec_\S+/.exec(added.out)?.[0] ?? "";
  const refused = await consumer("add", "--name", "warehouse", "--url", broken.url);
  expect(refused).toMatchObject({ code: 1 });
  await consumer("add", "--name", "broken", "--url", broken.url);
  expect((await consumer("list")).out).toMatch(/^broken since \S+\nwarehouse since \S+$/m);
  const customer = await customerDevice(server);
  const id = await erase(server.database, server.tenant.id, customer.user);
  await until(() => Promise.resolve(receiver.received.length === 2));
  await reached(server.database, id, "consumers");
  expect(await certificatesOf(server.database, id)).toEqual([null]);

  await consumer("remove", "--name", "broken");
  const { consumers } = await certified(id);
  const notifiedAtMs = expect.any(Number) as number;
  expect(consumers).toEqual([
    { consumer: "broken", notifiedAtMs, acknowledgedAtMs: null, attempts: 0 },
    {
      consumer: "warehouse",
      notifiedAtMs,
      acknowledgedAtMs: expect.any(Number) as number,
      attempts: expect.any(Number) as number,
    },
  ]);
  expect(consumers[1]?.attempts).toBeGreaterThanOrEqual(2);
  // Whoever has taken the event is not sent it again.
  expect(receiver.received).toHaveLength(2);
  const [first, second] = receiver.received;
  expect([second?.id, second?.body]).toEqual([first?.id, first?.body]);
  expect(receiver.received.map((each) => isSigned(each, secret))).toEqual([true, true]);
  expect(JSON.parse(first?.body ?? "")).toMatchObject({
    type: "subject.erased",
    data: { tenant: server.tenant.id, case: id, subject: customer.user },
  });
  await consumer("remove", "--name", "warehouse");
  await Promise.all([receiver.close(), broken.close()]);
});

test("each answer of a device after the certificate brings a new one, which refers to the one before it", async () => {
  const customer = await customerDevice(server);
  const agents = [await staffDevice(server), await staffDevice(server), await staffDevice(server)];
  const conversation = await createConversation(customer, agents);
  const socket = await RelaySocket.open(server, customer);
  await socket.post(messageTo(conversation, agents));
  await socket.close();
  const id = await erase(server.database, server.tenant.id, customer.user);
  await certified(id);
  const key = await trustedKey();
  /** How many have answered according to the last certificate, its hash and that of the one before. */
  const last = async () => {
    const file = (await certificatesOf(server.database, id)).at(-1)!;
    const { certificate, digest } = verifyCertificate(nodeChecks, file, { trusted: [key] });
    const { devices, stores, former } = certificate;
    const answered = devices.filter(({ acknowledgedAtMs }) => acknowledgedAtMs !== null).length;
    const isComplete = stores.some(({ store }) => store === "devices");
    return { devices, answered, isComplete, former, digest: toBase64(digest) };
  };
  const answer = async (device: TestDevice) =>
    (await device.request("POST", `/v1/devices/current/erasures/${id}/acknowledgement`)).status;
  const [one, two, three] = agents as [TestDevice, TestDevice, TestDevice];
  const first = await last();
  expect(first).toMatchObject({ answered: 0, isComplete: false, former: null });
  expect(await answer(one)).toBe(204);
  const second = await last();
  expect(second).toMatchObject({ answered: 1, isComplete: false, former: first.digest });
  // A repeat, and a device that was not told.
  expect([await answer(one), await answer(await staffDevice(server))]).toEqual([204, 404]);
  expect(await last()).toEqual(second);
  expect(await Promise.all([two, three].map(answer))).toEqual([204, 204]);
  const end = await last();
  expect(end).toMatchObject({ answered: 3, isComplete: true });
  // Whoever reads the certificate reads the last one.
  const officer = await staffDevice(server, "privacy_officer");
  const path = `/v1/erasures/${id}`;
  const { body } = await officer.request("GET", `${path}/certificate`);
  expect(body).toMatchObject({ former: end.former });
  const { devices } = end;
  expect(await officer.request("GET", path)).toMatchObject({ body: { devices, consumers: [] } });
});

test("the key log records the removal of each device of the erased", async () => {
  const { customer, socket } = await conversing(server, 1);
  await socket.close();
  await certified(await erase(server.database, server.tenant.id, customer.user));
  const { rows } = await server.database.owner.query<{ entry: Uint8Array }>(
    `select e.entry from sealdesk.key_entries k join audit.entries e on e.id = k.entry
     where k.user_id = $1 order by k.version`,
    [customer.user],
  );
  const entries = rows.map(({ entry }) => decodeKeyEntry(entry));
  expect(entries.map(({ change, record }) => [change, record.device])).toEqual([
    ["device_added", customer.id],
    ["device_removed", customer.id],
  ]);
});

test("a retention lock keeps what it preserves from an erasure, and the certificate says so", async () => {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const officer = await staffDevice(server, "compliance_officer");
  const [locked, other] = [
    await createConversation(customer, [agent]),
    await createConversation(customer, [agent]),
  ];
  const body = { dataClass: "broker" };
  const citation = "17 CFR 240.17a-4(b)(4)";
  const set = [
    await officer.request("PUT", `/v1/conversations/${locked}/classification`, { body }),
    await officer.request("POST", "/v1/retention/locks", {
      body: { ...body, days: 2_200, citation },
    }),
  ];
  expect(set.map(({ status }) => status)).toEqual([200, 201]);
  const socket = await RelaySocket.open(server, customer);
  for (const id of [locked, other]) await socket.post(messageTo(id, [agent]));
  await socket.close();

  const certificate = await certified(
    await erase(server.database, server.tenant.id, customer.user),
  );
  expect(certificate.restricted).toEqual([
    expect.objectContaining({ id: locked, ground: "retention_lock", citation, hold: null }),
  ]);
  expect(await sealedMessages(server.database, locked)).toBe(1);
  expect(await sealedMessages(server.database, other)).toBe(0);
});

test("whatever comes after the fence is refused by name, and what came before it is all that is shredded", async () => {
  const { customer, agent, conversations } = await conversing(server, 1);
  const [id = missing()] = conversations;
  const other = await RelaySocket.open(server, agent);
  const sender = new AbortController();
  const accepted: number[] = [];
  const refused: string[] = [];
  const sending = (async () => {
    while (!sender.signal.aborted) {
      const answer = await other.post(messageTo(id, [customer]));
      if ("seq" in answer) accepted.push(answer.seq);
      else refused.push(answer.code);
    }
  })();
  await until(() => accepted.length > 2);
  const erasure = await erase(server.database, server.tenant.id, customer.user);
  const { fence, erased } = await certified(erasure);
  sender.abort();
  await sending;
  const { seq } = fence.find(({ conversation }) => conversation === id)!;
  expect(Math.max(...accepted)).toBe(seq);
  expect([...new Set(refused)]).toEqual(["subject_erased"]);
  expect(erased.find(({ kind }) => kind === "messages")).toMatchObject({ records: seq - 1 });
  expect(await sealedMessages(server.database, id)).toBe(0);
  await other.close();
});

test("who was erased is refused by name with what they hold, and is a stranger otherwise", async () => {
  const { subject, customer, conversations } = await conversing(server, 1);
  const old = await server.customerToken(subject);
  const erasure = await erase(server.database, server.tenant.id, customer.user);
  await reached(server.database, erasure, "certified");
  const named = { body: expect.objectContaining({ code: "subject_erased" }) };
  expect(await customer.request("GET", "/v1/conversations")).toMatchObject(named);
  const grant = (token: string) => ({ grant: "customer_token", tenant: server.tenant.slug, token });
  expect(await new TestDevice(server).signIn(grant(old))).toMatchObject(named);
  server.clock.offsetMs += 60_000;
  expect(await customer.signInAsCustomer(subject)).toMatchObject(named);
  const again = await customerDevice(server, subject);
  server.clock.offsetMs -= 60_000;
  expect(again.user).not.toBe(customer.user);
  const { body } = await again.request("GET", "/v1/conversations");
  expect(JSON.stringify(body)).not.toContain(conversations[0]);
});

test("a person is not erased twice at the same time, and an unknown account is refused", async () => {
  const { customer } = await conversing(server, 1);
  const id = await erase(server.database, server.tenant.id, customer.user);
  const again = erase(server.database, server.tenant.id, customer.user);
  await expect(again).rejects.toMatchObject({ code: "erasure_running" });
  await reached(server.database, id, "certified");
  const unknown = erase(server.database, server.tenant.id, newId());
  await expect(unknown).rejects.toMatchObject({ code: "subject_not_found" });
});

test("a member of staff who is being erased cannot sign in, nothing to sign in with stays, and the log explains it", async () => {
  const agent = await server.createStaff("agent");
  await server.database.owner.query("update sealdesk.users set fenced_at_ms = 1 where id = $1", [
    agent.id,
  ]);
  expect(await new TestDevice(server).signInAsStaff(agent)).toMatchObject({
    status: 410,
    body: { code: "subject_erased" },
  });
  await server.database.owner.query("update sealdesk.users set fenced_at_ms = null where id = $1", [
    agent.id,
  ]);
  await enrolTotp(server, new TestDevice(server), agent);
  await reached(
    server.database,
    await erase(server.database, server.tenant.id, agent.id),
    "certified",
  );
  const { rows } = await server.database.owner.query<{ left: number }>(
    `select (select count(*) from sealdesk.totp_factors where user_id = $1)::int
       + (select count(*) from sealdesk.recovery_codes where user_id = $1)::int as left`,
    [agent.id],
  );
  expect(rows[0]?.left).toBe(0);
  const compared = ["audit", "reconcile", "--tenant", server.tenant.slug];
  expect((await runSealdesk(server, compared)).out).not.toContain(agent.id);
});
