import { uuidv7 } from "uuidv7";
import {
  addMember,
  closeConversation,
  creationBody,
  headOf,
  removeMember,
} from "../../support/acts.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let colleague: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  customer = await customerDevice(server);
  agent = await staffDevice(server);
  colleague = await staffDevice(server);
});
afterAll(() => server.close());

async function started() {
  const body = await creationBody(customer, [agent.user]);
  expect((await customer.request("POST", "/v1/conversations", { body })).status).toBe(201);
  return { id: body.id, path: `/v1/conversations/${body.id}` };
}

test("a customer starts a conversation, and both members find it", async () => {
  const body = await creationBody(customer, [agent.user]);
  const reply = await customer.request("POST", "/v1/conversations", { body });
  expect([reply.status, reply.body]).toEqual([201, { id: body.id, epoch: 1, seq: 1 }]);
  const read = await agent.request("GET", `/v1/conversations/${body.id}`);
  expect(read.body).toMatchObject({
    id: body.id,
    suite: "signal-v1",
    state: "open",
    createdBy: customer.user,
    epoch: 1,
  });
  expect(read.body.members).toHaveLength(2);
  expect(read.body.members).toContainEqual({
    user: customer.user,
    role: "customer",
    devices: [customer.id],
  });
  const listed = await agent.request("GET", "/v1/conversations");
  const { head, ...view } = read.body;
  expect(listed.body.conversations).toContainEqual(view);
  const shown = (listed.body.conversations as { readonly id: string }[]).map(({ id }) => id);
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "conversation.list",
    details: { count: shown.length, conversations: shown },
  });
  const { after } = await headOf(server, body.id);
  expect(head).toEqual({ seq: 1, hash: Buffer.from(after.hash).toString("base64url") });
});

test("a signature by another device is refused", async () => {
  const body = await creationBody(customer, [agent.user], { signer: agent });
  const reply = await customer.request("POST", "/v1/conversations", { body });
  expect([reply.status, reply.body.code]).toEqual([400, "invalid_signature"]);
});

test("a suite that does not exist is refused", async () => {
  const body = await creationBody(customer, [agent.user], { suite: "mls-v1" });
  const reply = await customer.request("POST", "/v1/conversations", { body });
  expect([reply.status, reply.body.code]).toEqual([400, "invalid_request"]);
});

test("a customer may not bring another customer", async () => {
  const other = await customerDevice(server);
  const body = await creationBody(customer, [other.user]);
  const reply = await customer.request("POST", "/v1/conversations", { body });
  expect([reply.status, reply.body.code]).toEqual([403, "forbidden"]);
});

test("a hand-over adds the colleague, and lets the agent leave", async () => {
  const { id, path } = await started();
  const added = await addMember(agent, id, colleague.user);
  expect(added.body).toEqual({ epoch: 2, seq: 2 });
  const twice = await addMember(agent, id, colleague.user);
  expect(twice.body.code).toBe("already_a_member");
  const left = await removeMember(agent, id, agent.user);
  expect(left.body).toEqual({ epoch: 3, seq: 3 });
  const { body } = await colleague.request("GET", path);
  expect(body.members.map(({ user }: { user: string }) => user)).toEqual([
    customer.user,
    colleague.user,
  ]);
});

test("who may join a conversation reads its members, and nobody else but they", async () => {
  const { path } = await started();
  const outside = [
    colleague,
    await staffDevice(server, "supervisor"),
    await staffDevice(server, "bot"),
    await staffDevice(server, "admin"),
    await customerDevice(server),
  ];
  const read = await Promise.all(outside.map((device) => device.request("GET", path)));
  expect(read.map(({ status }) => status)).toEqual([200, 200, 403, 403, 403]);
});

test("a customer may not remove the agent, but close what they started", async () => {
  const { id, path } = await started();
  expect((await removeMember(customer, id, agent.user)).status).toBe(403);
  expect((await closeConversation(customer, id)).body).toEqual({ epoch: 1, seq: 2 });
  expect((await customer.request("GET", path)).body.state).toBe("closed");
  // Nobody joins a closed conversation.
  expect((await colleague.request("GET", path)).status).toBe(403);
});

test("an admin reads no conversation", async () => {
  const admin = await staffDevice(server, "admin");
  const reply = await admin.request("GET", (await started()).path);
  expect([reply.status, reply.body.code]).toEqual([403, "forbidden"]);
});

test("pages of the list join to the whole, in order", async () => {
  const owner = await customerDevice(server);
  for (let count = 0; count < 5; count++)
    await owner.request("POST", "/v1/conversations", {
      body: await creationBody(owner, []),
    });
  const ids: string[] = [];
  let query = "?limit=2";
  for (;;) {
    const { body } = await owner.request("GET", `/v1/conversations${query}`);
    ids.push(...(body.conversations as { id: string }[]).map(({ id }) => id));
    if (body.next === null) break;
    query = `?limit=2&after=${body.next}`;
  }
  const whole = (await owner.request("GET", "/v1/conversations")).body.conversations;
  expect(ids).toEqual((whole as { id: string }[]).map(({ id }) => id));
  expect(ids).toHaveLength(5);
});

test.each(["?limit=0", "?limit=201", "?limit=x", "?after=x", "?unknown=1"])(
  "a list with %s is refused",
  async (query) => {
    expect((await customer.request("GET", `/v1/conversations${query}`)).body.code).toBe(
      "invalid_request",
    );
  },
);

test("a device registered later is a member of the account's conversations", async () => {
  const subject = `late-${uuidv7()}`;
  const first = await customerDevice(server, subject);
  const body = await creationBody(first, [agent.user]);
  await first.request("POST", "/v1/conversations", { body });
  const second = new TestDevice(server);
  second.joinAccountOf(first);
  await second.signInAsCustomer(subject);
  expect((await second.register()).status).toBe(201);
  const read = await agent.request("GET", `/v1/conversations/${body.id}`);
  expect(read.body.epoch).toBe(2);
  const member = (read.body.members as { user: string; devices: string[] }[]).find(
    ({ user }) => user === first.user,
  );
  expect(member?.devices.toSorted()).toEqual([first.id, second.id].toSorted());
});

test("a password alone, without a registered device, reads members and changes none", async () => {
  const { id, path } = await started();
  const thief = new TestDevice(server);
  expect((await thief.signInAsStaff(await server.createStaff("supervisor"))).status).toBe(201);
  const seen = await thief.request("GET", path);
  expect(seen.body.members.map(({ user }: { user: string }) => user)).toContain(agent.user);
  const add = await addMember(thief, id, colleague.user);
  const remove = await removeMember(thief, id, agent.user);
  const close = await closeConversation(thief, id);
  expect([add, remove, close].map(({ body }) => body.code)).toEqual(Array(3).fill("no_device"));
  const read = await agent.request("GET", path);
  expect(read.body).toMatchObject({ state: "open", epoch: 1 });
});
