/** Whoever joins with access in an emergency says so in a signed act, and every member's device shows it. */
import { ready } from "../../crypto/device/sodium.ts";
import { utf8, fromUtf8 } from "../../crypto/wire/bytes.ts";
import type { Control } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import {
  accessOf,
  approve,
  askForAccess,
  forbidJoining,
  joinByBreakGlass,
  letLapse,
} from "../support/break-glass.ts";
import { removeMember } from "../support/acts.ts";
import { staffDevice } from "../support/device.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  problemsOf,
  readUntil,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { showing, startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";

let server: TestServer;
let relay: TamperingRelay;
beforeAll(async () => {
  await ready;
  server = await startTestServer();
  relay = await startTamperingRelay(server);
  await forbidJoining(server, server.tenant);
});
afterAll(async () => {
  await relay.close();
  await server.close();
});
afterEach(() => {
  relay.tamper = (frame) => [frame];
});

/** An agent joins the conversation, after two officers have approved it. */
async function breakIn(conversation: ConversationId) {
  const asker = await staffDevice(server);
  const request = (await askForAccess(asker, conversation)).body;
  for (const role of ["compliance_officer", "supervisor"] as const)
    expect((await approve(await staffDevice(server, role), request)).status).toBe(200);
  const { grantedUntilMs: untilMs } = await accessOf(asker, request.id);
  const breakGlass = { request: request.id, untilMs };
  expect((await joinByBreakGlass(asker, conversation, breakGlass)).status).toBe(200);
  return { asker, breakGlass };
}

test("every member is shown who joined by break-glass, and until when", async () => {
  const [agent, customer] = [await connectStaff(server), await connectCustomer(server)];
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { asker, breakGlass } = await breakIn(asking.id);
  const items = await readUntil(asking, (all) => all.length === 2);
  expect(items[1]).toMatchObject({
    kind: "member_added",
    actor: asker.user,
    subject: asker.user,
    signedBy: { user: asker.user, device: asker.id },
    breakGlass,
  });
  expect(asking.uncertified).toEqual([]);
  await closeAll(agent, customer);
});

test("after the end, members' devices seal for the person until a signed act removes them", async () => {
  const [agent, customer] = [await connectStaff(server), await connectCustomer(server)];
  const supervisor = await staffDevice(server, "supervisor");
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { asker, breakGlass } = await breakIn(asking.id);
  await readUntil(asking, (all) => all.length === 2);
  await letLapse(server, breakGlass.request);
  const packetsFor = async (text: string) => {
    await asking.send(text);
    const { rows } = await server.database.owner.query(
      "select count(*)::integer as n from sealdesk.packets where conversation = $1 and device = $2",
      [asking.id, asker.id],
    );
    return rows[0].n as number;
  };
  const sealed = await packetsFor("after the end");
  expect(sealed).toBeGreaterThan(0);
  expect((await removeMember(supervisor, asking.id, asker.user)).status).toBe(200);
  await readUntil(asking, (all) => all.some(({ kind }) => kind === "member_removed"));
  expect(await packetsFor("after the removal")).toBe(sealed);
  await closeAll(agent, customer);
});

/** The event with another text of its receipt. */
const saying =
  (change: (text: string) => string) =>
  ({ receipt }: Control): Partial<Control> => ({
    receipt: { ...receipt!, text: utf8(change(fromUtf8(receipt!.text))) },
  });

test.each<[string, (text: string) => string]>([
  [
    "leaves out that somebody joined by break-glass",
    (text) => text.replace(/"breakGlass":\{.*?\},/, ""),
  ],
  ["names a later end", (text) => text.replace(/"untilMs":\d+/, '"untilMs":9007199254740991')],
])("a relay that %s is found out, and the person is no member", async (_, change) => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server, { webSocket: relay.webSocket });
  relay.tamper = showing((event) => event.seq === 2, saying(change));
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { asker } = await breakIn(asking.id);
  const items = await readUntil(asking, (all) => problemsOf(all).length > 0);
  expect(problemsOf(items)).toMatchObject([{ code: "malformed_event", seq: 2 }]);
  expect(asking.members.map(({ user }) => user)).not.toContain(asker.user);
  await closeAll(agent, customer);
});
