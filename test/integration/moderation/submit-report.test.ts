import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { rotateServerKey } from "../../../keys/server-keys/rotate-server-key.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { report, say, type Disclosed } from "../../support/reports.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  server = await startTestServer();
  [customer, agent] = [await customerDevice(server, newId()), await staffDevice(server)];
  conversation = await createConversation(customer, [agent]);
});
afterAll(() => server.close());

const said = (text: string) => say(agent, conversation, [customer], text);
const answered = async (
  disclosed: readonly Disclosed[],
  by = customer,
  of = conversation,
): Promise<readonly [number, string | undefined]> => {
  const { status, body } = await report(by, of, disclosed);
  return [status, body.code];
};

test("a moderator reads exactly what was disclosed, and the server keeps it sealed", async () => {
  const [first, second] = [await said("you will regret this"), await said("a secret of another")];
  const own = await say(customer, conversation, [agent], "please stop");
  const submitted = await report(customer, conversation, [first, { ...own, isContext: true }]);
  expect(submitted.status).toBe(201);
  const moderator = await staffDevice(server, "moderator");
  const { body } = await moderator.request("GET", `/v1/reports/${submitted.body.id}`);
  expect(body).toMatchObject({
    reporter: customer.user,
    reported: agent.user,
    reason: "threat",
    decision: null,
    messages: [
      {
        seq: first.seq,
        author: agent.user,
        isContext: false,
        content: { kind: "text", text: "you will regret this", attachment: null },
      },
      { seq: own.seq, author: customer.user, isContext: true, content: { text: "please stop" } },
    ],
  });
  expect(JSON.stringify(body)).not.toContain("a secret of another");
  expect(JSON.stringify(body)).not.toContain(second.payload);
  const { rows } = await server.database.owner.query<{ sealed: Buffer }>(
    "select sealed from sealdesk.reported_messages where report = $1",
    [submitted.body.id],
  );
  expect(rows).toHaveLength(2);
  for (const { sealed } of rows) expect(sealed.toString("latin1")).not.toContain("regret this");
  expect(JSON.stringify(await server.auditEntries())).not.toContain("regret this");
  expect(server.logged()).not.toContain("regret this");
});

test("a report that is forged or altered in anything is refused", async () => {
  const real = await said("what was said");
  const bytes = (of: keyof Disclosed) => Buffer.from(String(real[of]), "base64url");
  const flipped = (of: keyof Disclosed) => {
    const changed = bytes(of);
    changed[changed.length - 1]! ^= 1;
    return { ...real, [of]: toBase64Url(changed) };
  };
  const forged = await say(agent, conversation, [customer], "what was not said");
  for (const altered of [
    flipped("payload"),
    flipped("frankingKey"),
    flipped("signature"),
    flipped("frankingTag"),
    { ...real, seq: real.seq + 1 },
    { ...real, seq: 1 },
    { ...real, payload: forged.payload, frankingKey: forged.frankingKey },
    { ...real, signature: forged.signature },
  ])
    expect(await answered([altered])).toEqual([400, "report_not_authentic"]);
  // An authentic message beside a forged one saves it not.
  expect(await answered([forged, flipped("payload")])).toEqual([400, "report_not_authentic"]);
  expect((await report(customer, conversation, [real])).status).toBe(201);
});

test("a message that its author made for another place proves nothing in this one", async () => {
  const elsewhere = await say(agent, conversation, [customer], "replayed", {
    conversation: newId<ConversationId>(),
  });
  expect(await answered([elsewhere])).toEqual([400, "report_not_authentic"]);
});

test("a message of another conversation is refused, and the report of a stranger finds nothing", async () => {
  const [other, stranger] = [await customerDevice(server, newId()), await customerDevice(server)];
  const there = await createConversation(other, [agent]);
  const disclosed = await say(agent, there, [other], "to somebody else");
  expect(await answered([disclosed])).toEqual([400, "report_not_authentic"]);
  expect(await answered([disclosed], stranger, there)).toEqual([404, "conversation_not_found"]);
  expect(await answered([disclosed], other, there)).toEqual([201, undefined]);
});

test("another tenant finds neither the conversation nor the report", async () => {
  const tenant = await server.createTenant();
  const foreign = await staffDevice(server, "moderator", tenant);
  const disclosed = await said("within the tenant");
  const insider = await staffDevice(server, "agent", tenant);
  expect(await answered([disclosed], insider)).toEqual([404, "conversation_not_found"]);
  const { body } = await report(customer, conversation, [disclosed]);
  const asked = await foreign.request("GET", `/v1/reports/${body.id}`);
  expect([asked.status, asked.body.code]).toEqual([404, "report_not_found"]);
  expect((await foreign.request("GET", "/v1/reports?all=true")).body.reports).toEqual([]);
});

test("a person reports a message once; another member may report it, too", async () => {
  const second = await staffDevice(server);
  const there = await createConversation(customer, [agent, second]);
  const disclosed = await say(agent, there, [customer, second], "once");
  expect(await answered([disclosed], customer, there)).toEqual([201, undefined]);
  expect(await answered([disclosed], customer, there)).toEqual([409, "report_exists"]);
  const [one, two] = await Promise.all([1, 2].map(() => answered([disclosed], second, there)));
  expect(new Set([one?.[0], two?.[0]])).toEqual(new Set([201, 409]));
});

test("the messages are of one other member", async () => {
  const [theirs, own] = [await said("theirs"), await say(customer, conversation, [agent], "own")];
  expect(await answered([own])).toEqual([400, "invalid_report"]);
  expect(await answered([theirs, own])).toEqual([400, "invalid_report"]);
  expect(await answered([{ ...theirs, isContext: true }])).toEqual([400, "invalid_report"]);
  expect(await answered([theirs, theirs])).toEqual([400, "invalid_report"]);
  const { status } = await customer.request("POST", "/v1/reports", {
    body: { conversation, reason: "because", messages: [theirs] },
  });
  expect(status).toBe(400);
});

test("a message stays reportable after the franking key was rotated", async () => {
  const before = await said("before the rotation");
  const settings = { kind: "local", passphrase: undefined, keyFile: undefined } as const;
  const { kms } = await openKms({ ...settings, home: server.home, mustBeSealed: false });
  const { ownerUrl } = server.database;
  await rotateServerKey({ ownerUrl, kms, now: Date.now }, { name: "franking", by: "operator" });
  await kms.close();
  // A node that starts now tags with the next key alone.
  const node = await server.startNode();
  const socket = await RelaySocket.open(node, agent);
  const after = await socket.post(messageTo(conversation, [customer]));
  expect(after).toHaveProperty("frankingTag");
  await socket.close();
  const elsewhere = { body: { conversation, reason: "threat", messages: [before] } };
  const proof = customer.proof("POST", "/v1/reports", { token: customer.token });
  const response = await fetch(`${node.url}/v1/reports`, {
    method: "POST",
    headers: {
      dpop: proof,
      authorization: `DPoP ${customer.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(elsewhere.body),
  });
  expect(response.status).toBe(201);
  await node.close();
});

test("roles that talk to nobody report nothing, and a refusal is recorded", async () => {
  const admin = await staffDevice(server, "admin");
  const disclosed = await said("not theirs to report");
  expect((await answered([disclosed], admin))[0]).toBe(404);
  expect(await server.auditEntries()).toContainEqual(
    expect.objectContaining({ action: "report.submit", outcome: "refused" }),
  );
});
