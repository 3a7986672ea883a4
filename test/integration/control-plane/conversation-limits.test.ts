import { MAX_MEMBER_DEVICES, MAX_MEMBERS } from "../../../policies/conversation-limits.ts";
import { randomBytes } from "node:crypto";
import { addMember, closeConversation } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, requestConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { parseId, type ConversationId } from "../../../crypto/wire/ids.ts";

describe("open conversations", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ openConversations: { perCustomer: 3, perMember: 5 } });
  });
  afterAll(() => server.close());

  test("one customer begins no more than the limit, also at once; a closed conversation makes room", async () => {
    const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => requestConversation(customer, [agent])),
    );
    const begun = replies.filter(({ status }) => status === 201);
    const refused = replies.filter(({ status }) => status !== 201);
    expect(begun).toHaveLength(3);
    for (const { status, body } of refused)
      expect([status, body.code, body.detail]).toEqual([
        409,
        "too_many_conversations",
        "You have 3 open conversations, which is the most. Continue in one of them, or close one.",
      ]);
    // A repeat of a conversation that was begun is answered as the first time.
    const id = parseId<ConversationId>(begun[0]?.body.id);
    expect((await requestConversation(customer, [agent], id)).status).toBe(201);
    await closeConversation(customer, id);
    expect((await requestConversation(customer, [agent])).status).toBe(201);
    expect((await requestConversation(customer, [agent])).body.code).toBe("too_many_conversations");
  });

  test("one customer cannot use up the conversations of a member of staff", async () => {
    const agent = await staffDevice(server);
    const [one, other] = [await customerDevice(server), await customerDevice(server)];
    for (let count = 0; count < 4; count++) await requestConversation(one, [agent]);
    expect((await requestConversation(other, [agent])).status).toBe(201);
  });

  test("a member has no more than the limit, added by any user", async () => {
    const [agent, colleague] = [await staffDevice(server), await staffDevice(server)];
    const customers: TestDevice[] = [];
    const ids: ConversationId[] = [];
    for (let count = 0; count < 5; count++) {
      customers.push(await customerDevice(server));
      ids.push(await createConversation(customers[count] as TestDevice, [agent]));
    }
    const further = await customerDevice(server);
    const refused = await requestConversation(further, [agent]);
    expect([refused.status, refused.body.code]).toEqual([409, "too_many_conversations"]);
    expect(refused.body.detail).toBe(
      "A member has 5 open conversations, which is the most. Name another member.",
    );
    const elsewhere = await createConversation(further, [colleague]);
    const add = () => addMember(colleague, elsewhere, agent.user);
    expect((await add()).body.code).toBe("too_many_conversations");
    await closeConversation(agent, ids[0]!);
    expect((await add()).status).toBe(200);
  });

  test("a conversation has no more devices than one message can be sealed for", async () => {
    const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
    const id = await createConversation(customer, [agent]);
    const newcomer = await staffDevice(server);
    await server.database.owner.query(
      `insert into sealdesk.devices
       select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
         'device_key', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*
       from sealdesk.devices d, generate_series(1, $2::int) n where d.id = $1`,
      [newcomer.id, MAX_MEMBER_DEVICES - 2],
    );
    const reply = await addMember(agent, id, newcomer.user);
    expect([reply.status, reply.body.code]).toEqual([409, "too_many_members"]);
  });

  test("a conversation has no more members than one event can list", async () => {
    const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
    const id = await createConversation(customer, [agent]);
    const newcomer = await staffDevice(server);
    const add = () => addMember(agent, id, newcomer.user);
    const { rows } = await server.database.owner.query<{ readonly id: string }>(
      `with made as (
         insert into sealdesk.users (id, tenant, role, created_at_ms)
         select gen_random_uuid(), $1, 'agent', 0 from generate_series(1, $3) returning id)
       insert into sealdesk.members (tenant, conversation, user_id, role, from_seq)
       select $1, $2, id, 'agent', 1 from made returning user_id as id`,
      [server.tenant.id, id, MAX_MEMBERS - 2],
    );
    const reply = await add();
    expect([reply.status, reply.body.code]).toEqual([409, "too_many_members"]);
    expect(reply.body.detail).toBe("A conversation has at most 1000 members.");
    await server.database.owner.query("delete from sealdesk.members where user_id = $1", [
      rows[0]?.id,
    ]);
    expect((await add()).status).toBe(200);
  });
});

describe("new conversations", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({
      conversationRates: {
        customer: { burst: 2, perSecond: 0.001 },
        tenant: { burst: 3, perSecond: 0.001 },
      },
    });
  });
  afterAll(() => server.close());

  test("of one customer, and of all of a tenant, come no faster than the limit", async () => {
    const agent = await staffDevice(server);
    const [one, other] = [await customerDevice(server), await customerDevice(server)];
    for (let count = 0; count < 2; count++) await createConversation(one, [agent]);
    const before = (await server.auditEntries()).length;
    const refused = await requestConversation(one, [agent]);
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
    await createConversation(other, [agent]);
    expect((await requestConversation(other, [agent])).status).toBe(429);
    // A refusal for the rate leaves nothing in the audit log.
    const entries = await server.auditEntries();
    expect(entries.slice(before).map(({ outcome }) => outcome)).toEqual(["success"]);
  });

  test("of another tenant are not counted", async () => {
    const tenant = await server.createTenant();
    const agent = await staffDevice(server, "agent", tenant);
    const customer = await customerDevice(server, randomBytes(4).toString("hex"), tenant);
    expect((await requestConversation(customer, [agent], newId<ConversationId>())).status).toBe(
      201,
    );
  });
});
