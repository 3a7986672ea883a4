/**
 * An account signs the list of its devices. A relay can neither put a removed device back, nor hide for
 * long that one was removed.
 */
import type { SecurityEvent } from "../../client/index.ts";
import { systemClock } from "../../client/runtime.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import {
  closeAll,
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { fetchChanging } from "../support/shown-log.ts";
import { until } from "../support/until.ts";

const dayMs = 86_400_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A device's clock, which the test moves. */
function movableClock() {
  const local = { offsetMs: 0 };
  return { local, clock: { ...systemClock, now: () => Date.now() + local.offsetMs } };
}

function securityEvents(member: Member): SecurityEvent[] {
  const events: SecurityEvent[] = [];
  member.sealdesk.on("security", (event) => events.push(event));
  return events;
}

/** Sends a text and returns whether the other device can read it. */
async function canRead(sender: Member, id: ConversationId, reader: Member): Promise<boolean> {
  const { seq } = await (await joined(sender, id)).send("a new secret of the conversation");
  const items = await readUntil(
    await joined(reader, id),
    (all) => all.some((item) => item.seq === seq),
    seq - 1,
  );
  return textsOf(items).length > 0;
}

test("a removed device that the server lists again gets nothing from anybody", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const kept = await connectSibling(server, agent, {}, { history: false });
  const stolen = await connectSibling(server, agent, {}, { history: false });
  const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  for (const member of [agent, kept, stolen]) await joined(member, id);
  expect(await canRead(customer, id, stolen)).toBe(true);
  const { device } = stolen.sealdesk;
  await agent.sealdesk.removeDevice(device);
  const asking = await joined(customer, id);
  const lists = () => asking.members.some(({ devices }) => devices.includes(device));
  await until(() => !lists());

  await server.database.owner.query(
    "update sealdesk.devices set revoked_at_ms = null where id = $1",
    [device],
  );
  const thief = await stolen.restart();
  await until(lists);
  for (const sender of [customer, kept, agent])
    expect(await canRead(sender, id, thief)).toBe(false);
  expect(await canRead(customer, id, kept)).toBe(true);
  await closeAll(agent, customer, kept, thief);
}, 120_000);

test("a list that the server does not renew ends what is sent to staff; the next one begins it again", async () => {
  const [agents, customers] = [movableClock(), movableClock()];
  let agent = await connectStaff(server, "agent", { runtime: { clock: agents.clock } });
  const user = agent.sealdesk.user.id;
  let isWithheld = true;
  let first: unknown;
  const fetch = fetchChanging((path, body) => {
    if (path !== `/v1/users/${user}/key-history` || !isWithheld) return body;
    const history = body as { readonly list: unknown };
    first ??= history.list;
    return { ...history, list: first };
  });
  const customer = await connectCustomer(server, { runtime: { fetch, clock: customers.clock } });
  const events = securityEvents(customer);
  const { id } = await customer.sealdesk.openConversation({ with: [user] });
  await joined(agent, id);
  expect(await canRead(customer, id, agent)).toBe(true);

  customers.local.offsetMs += 30 * dayMs;
  agents.local.offsetMs += 30 * dayMs;
  agent = await agent.restart();
  expect(await canRead(customer, id, agent)).toBe(true);
  customers.local.offsetMs += 2 * dayMs;
  expect(await canRead(customer, id, agent)).toBe(false);
  expect(events).toMatchObject([{ code: "device_list_expired", user, withheld: true }]);

  isWithheld = false;
  customers.local.offsetMs += 60_000;
  expect(await canRead(customer, id, agent)).toBe(true);
  await closeAll(agent, customer);
}, 120_000);

test("a customer who was away for months reads what was written meanwhile", async () => {
  const { local, clock } = movableClock();
  let agent = await connectStaff(server, "agent", { runtime: { clock } });
  let customer = await connectCustomer(server);
  const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await joined(agent, id);
  expect(await canRead(agent, id, customer)).toBe(true);
  await customer.sealdesk.close();

  local.offsetMs += 100 * dayMs;
  // Nobody used the agent's session for so long, so the person signs in again.
  agent = await agent.restart();
  const events = securityEvents(agent);
  const serving = await joined(agent, id);
  const { seq } = await serving.send("your documents are ready");
  const user = customer.sealdesk.user.id;
  expect(events).toMatchObject([{ code: "device_list_expired", user, withheld: false }]);
  customer = await customer.restart();
  const items = await readUntil(
    await joined(customer, id),
    (all) => all.some((item) => item.seq === seq),
    seq - 1,
  );
  expect(textsOf(items)).toEqual(["your documents are ready"]);
  await closeAll(agent, customer);
}, 120_000);
