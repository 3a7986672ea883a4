/**
 * A dishonest relay adds, removes and closes in somebody's name, or shows a genuine act once more. No
 * device takes it. Honest acts that cross each other all succeed.
 */
import type { Conversation, ConversationItem } from "../../client/index.ts";
import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { decodeReceipt, encodeReceipt } from "../../crypto/wire/receipt.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
} from "../support/member.ts";
import { consentToSharing, putNoticeInForce, withdrawSharing } from "../support/notices.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import {
  placed,
  showing,
  startTamperingRelay,
  type TamperingRelay,
} from "../support/tampering-relay.ts";

let server: TestServer;
let relay: TamperingRelay;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
  relay = await startTamperingRelay(server);
});
afterAll(async () => {
  await relay.close();
  await server.close();
});
afterEach(() => {
  relay.tamper = (frame) => [frame];
});

const codesOf = (items: readonly ConversationItem[]) => problemsOf(items).map(({ code }) => code);
const hasProblem = (items: readonly ConversationItem[]) => problemsOf(items).length > 0;
const usersIn = ({ members }: Conversation): readonly UserId[] => members.map(({ user }) => user);

/** Shows the content of the event `seq` of a conversation as `change` says. */
function show(seq: number, change: (control: Control) => Partial<Control>): void {
  relay.tamper = showing((event) => event.seq === seq, change);
}

/** A receipt of which one field is another. Its signature is that of the genuine one. */
const forged = ({ receipt }: Control, fields: object): Partial<Control> => ({
  receipt: receipt && {
    ...receipt,
    text: encodeReceipt({ ...decodeReceipt(receipt.text), ...fields }),
  },
});

type Act = (serving: Conversation, colleague: UserId) => Promise<void>;
const acts: Record<"member_added" | "member_removed" | "closed", Act> = {
  member_added: (serving, colleague) => serving.addMember(colleague),
  member_removed: async (serving) => {
    const agent = serving.members.find(({ role }) => role === "supervisor")?.user ?? "";
    await serving.removeMember(agent);
  },
  closed: (serving) => serving.close(),
};

describe.each(Object.entries(acts))("an act of the relay: %s", (_kind, act) => {
  test.each<[string, (control: Control) => Partial<Control>]>([
    ["without a receipt", () => ({ receipt: undefined })],
    [
      "with a signature that is not the device's",
      ({ receipt }) => ({ receipt: receipt && { ...receipt, signature: new Uint8Array(64) } }),
    ],
    ["with a receipt that it changed", (control) => forged(control, { atMs: 1 })],
  ])("%s is not taken, and nothing is sealed from then on", async (_how, change) => {
    const agent = await connectStaff(server, "supervisor");
    const colleague = await connectStaff(server);
    const customer = await connectCustomer(server, { webSocket: relay.webSocket });
    show(2, change);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const before = asking.members;
    await act(await joined(agent, asking.id), colleague.sealdesk.user.id);

    const items = await readUntil(asking, hasProblem);
    expect(items.map(({ kind }) => kind)).toEqual(["created", "problem"]);
    expect(codesOf(items)).toEqual(["invalid_receipt"]);
    expect(asking.members).toEqual(before);
    await expect(asking.send("for those I know")).rejects.toMatchObject({
      code: "membership_unverified",
    });
    relay.tamper = (frame) => [frame];
    await closeAll(agent, colleague, customer);
  });
});

/** Shows again, as the next event, what the event `of` said, after the event `after` was shown. */
function replay(of: number, after: number): void {
  let genuine: Deliver | undefined;
  relay.tamper = (frame) => {
    if (frame.kind !== "deliver") return [frame];
    const { body } = frame;
    if (body.seq === of) genuine = body;
    if (body.seq !== after || genuine === undefined) return [frame];
    return [frame, placed(genuine, after + 1, body.transcriptHash)];
  };
}

test("an addition that is shown once more after the removal brings nobody back", async () => {
  const agent = await connectStaff(server, "supervisor");
  const guest = await connectStaff(server);
  const customer = await connectCustomer(server, { webSocket: relay.webSocket });
  replay(2, 3);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await serving.addMember(guest.sealdesk.user.id);
  await serving.removeMember(guest.sealdesk.user.id);

  const items = await readUntil(asking, hasProblem);
  expect(items.map(({ kind }) => kind)).toEqual([
    "created",
    "member_added",
    "member_removed",
    "problem",
  ]);
  const by = { user: agent.sealdesk.user.id, device: agent.sealdesk.device };
  expect(items[1]).toMatchObject({ kind: "member_added", signedBy: by });
  expect(items[2]).toMatchObject({ kind: "member_removed", signedBy: by });
  expect(usersIn(asking)).not.toContain(guest.sealdesk.user.id);
  relay.tamper = (frame) => [frame];
  await closeAll(agent, guest, customer);
});

test("a consent that is shown once more after its withdrawal does not count", async () => {
  const agent = await connectStaff(server, "agent", { webSocket: relay.webSocket });
  const customer = await connectCustomer(server);
  replay(2, 3);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await consentToSharing(customer, asking.id);
  await withdrawSharing(customer, asking.id);

  const items = await readUntil(serving, hasProblem);
  expect(items.slice(1)).toMatchObject([
    { kind: "consent_changed", seq: 2, consent: { state: "given" } },
    { kind: "consent_changed", seq: 3, consent: { state: "withdrawn" } },
    { kind: "problem", seq: 4, code: "invalid_receipt" },
  ]);
  relay.tamper = (frame) => [frame];
  await closeAll(agent, customer);
});

test("acts of several people at the same time all succeed, between messages", async () => {
  const [first, second, customer] = await Promise.all([
    connectStaff(server, "supervisor"),
    connectStaff(server, "supervisor"),
    connectCustomer(server),
  ]);
  const guests = await Promise.all([connectStaff(server), connectStaff(server)]);
  const asking = await customer.sealdesk.openConversation({
    with: [first.sealdesk.user.id, second.sealdesk.user.id],
  });
  const id: ConversationId = asking.id;
  const [one, other] = [await joined(first, id), await joined(second, id)];
  const writing = Promise.all(Array.from({ length: 10 }, (_, turn) => asking.send(`turn ${turn}`)));
  await Promise.all([
    one.addMember(guests[0].sealdesk.user.id),
    other.addMember(guests[1].sealdesk.user.id),
    consentToSharing(customer, asking.id),
  ]);
  await writing;
  const items = await readUntil(
    asking,
    (all) => all.filter(({ kind }) => kind === "member_added").length === 2,
  );
  expect(codesOf(items)).toEqual([]);
  expect(usersIn(asking)).toHaveLength(5);
  await closeAll(first, second, customer, ...guests);
});

test("a supervisor who left changes the members, and every member sees who signed", async () => {
  const [supervisor, agent, customer] = await Promise.all([
    connectStaff(server, "supervisor"),
    connectStaff(server),
    connectCustomer(server),
  ]);
  const asking = await customer.sealdesk.openConversation({
    with: [supervisor.sealdesk.user.id, agent.sealdesk.user.id],
  });
  const watching = await joined(supervisor, asking.id);
  await watching.removeMember(supervisor.sealdesk.user.id);
  await asking.send("without you");
  await watching.removeMember(agent.sealdesk.user.id);
  const isGone = (item: ConversationItem) =>
    item.kind === "member_removed" && item.subject === agent.sealdesk.user.id;
  const items = await readUntil(asking, (all) => all.some(isGone));
  expect(codesOf(items)).toEqual([]);
  expect(items.find(isGone)).toMatchObject({
    signedBy: { user: supervisor.sealdesk.user.id, device: supervisor.sealdesk.device },
  });
  expect(usersIn(asking)).toEqual([customer.sealdesk.user.id]);
  await closeAll(supervisor, agent, customer);
});
