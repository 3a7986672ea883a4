import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId, ConversationId } from "../../../crypto/wire/ids.ts";

let server: TestServer;
let elsewhere: TestTenant;
let intruder: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  server = await startTestServer();
  elsewhere = await server.createTenant();
  intruder = await staffDevice(server, "supervisor", elsewhere);
  conversation = await createConversation(await customerDevice(server), [
    await staffDevice(server),
  ]);
});
afterAll(() => server.close());

const lastEntry = async (tenant?: TestTenant) => (await server.auditEntries(tenant)).at(-1);
const path = (rest = "") => `/v1/conversations/${conversation}${rest}`;

test.each<[string, string, string, object | undefined]>([
  ["conversation.read", "GET", "", undefined],
  ["conversation.close", "POST", "/close", undefined],
  ["conversation.add_member", "POST", "/members", { user: newId<UserId>() }],
])(
  "%s of a missing resource leaves an entry that names the actor",
  async (action, method, rest, body) => {
    await intruder.request(method, path(rest), { body });
    expect(await lastEntry(elsewhere)).toMatchObject({
      action,
      outcome: "refused",
      reason: "conversation_not_found",
      actor: { id: intruder.user },
      resource: { type: "conversation", id: conversation },
    });
  },
);

test.each<[string, boolean, () => string]>([
  ["conversation_exists", true, () => conversation],
  ["no_device", false, uuidv7],
  ["invalid_signature", true, uuidv7],
])("a conversation refused with %s leaves an entry", async (reason, registered, id) => {
  const device = new TestDevice(server);
  await device.signInAsCustomer(uuidv7());
  if (registered) await device.register();
  await device.request("POST", "/v1/conversations", {
    body: {
      id: id(),
      suite: "signal-v1",
      members: [],
      creationSignature: randomBytes(64).toString("base64url"),
    },
  });
  expect(await lastEntry()).toMatchObject({
    action: "conversation.create",
    outcome: "refused",
    reason,
    actor: { id: device.user },
  });
});
