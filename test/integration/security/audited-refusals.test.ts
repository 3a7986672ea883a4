import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import { addMember, closeConversation, creationBody, removeMember } from "../../support/acts.ts";
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

test.each<[string, () => Promise<unknown>]>([
  ["conversation.read", () => intruder.request("GET", `/v1/conversations/${conversation}`)],
  ["conversation.close", () => closeConversation(intruder, conversation)],
  ["conversation.add_member", () => addMember(intruder, conversation, newId<UserId>())],
  ["conversation.remove_member", () => removeMember(intruder, conversation, newId<UserId>())],
])("%s of a missing resource leaves an entry that names the actor", async (action, request) => {
  await request();
  expect(await lastEntry(elsewhere)).toMatchObject({
    action,
    outcome: "refused",
    reason: "conversation_not_found",
    actor: { id: intruder.user },
    resource: { type: "conversation", id: conversation },
  });
});

test.each<[string, boolean, () => ConversationId]>([
  ["conversation_exists", true, () => conversation],
  ["no_device", false, () => newId()],
  ["invalid_signature", true, () => newId()],
])("a conversation refused with %s leaves an entry", async (reason, registered, id) => {
  const device = new TestDevice(server);
  await device.signInAsCustomer(uuidv7());
  if (registered) await device.register();
  await device.request("POST", "/v1/conversations", {
    body: {
      ...(await creationBody(device, [], { id: id() })),
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
