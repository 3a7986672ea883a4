/**
 * A dishonest server puts somebody into a conversation whom no act brought. No device seals for them,
 * and whoever comes unseen is shown.
 */
import { hash } from "node:crypto";
import type { Conversation, ConversationItem, SealdeskEvents } from "../../client/index.ts";
import { transcriptHash } from "../../crypto/wire/event.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import {
  decodeControl,
  encodeControl,
  type Control,
  type Deliver,
  type Member as Listed,
} from "../../crypto/wire/frame.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readTexts,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { consentToSharing, putNoticeInForce } from "../support/notices.ts";
import { openableBy, rawMessages, rawPackets } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { OtherLog, startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
});
afterAll(() => server.close());

const codesOf = (items: readonly ConversationItem[]) => problemsOf(items).map(({ code }) => code);
const usersIn = (conversation: Conversation) => conversation.members.map(({ user }) => user);
const hasKind = (kind: ConversationItem["kind"]) => (items: readonly ConversationItem[]) =>
  items.some((item) => item.kind === kind);

/** Makes the ghost a member from the event `from` on, with the database alone. */
async function enrol(
  { sealdesk }: Member,
  conversation: ConversationId,
  from: number,
): Promise<void> {
  const { owner } = server.database;
  const { tenant } = server;
  await owner.query(
    "insert into sealdesk.members (tenant, conversation, user_id, role, from_seq) values ($1,$2,$3,'agent',$4)",
    [tenant.id, conversation, sealdesk.user.id, from],
  );
  await owner.query(
    "insert into sealdesk.member_devices (tenant, conversation, device, user_id, from_seq) values ($1,$2,$3,$4,$5)",
    [tenant.id, conversation, sealdesk.device, sealdesk.user.id, from],
  );
}

const purge = (conversation: ConversationId, to: number) =>
  server.database.owner.query("delete from sealdesk.events where conversation = $1 and seq <= $2", [
    conversation,
    to,
  ]);

test("a genuine event that lists a ghost: nobody writes to it, and every member is told", async () => {
  const agent = await connectStaff(server);
  const ghost = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await asking.send("hello");
  await serving.send("hello, how can I help?");
  await readTexts(asking, 2);

  await enrol(ghost, asking.id, 2);
  await consentToSharing(customer, asking.id);

  for (const conversation of [asking, serving]) {
    const items = await readUntil(conversation, (all) => problemsOf(all).length > 0);
    expect(problemsOf(items)).toMatchObject([{ code: "malformed_event", seq: 4 }]);
    expect(usersIn(conversation)).not.toContain(ghost.sealdesk.user.id);
    await expect(conversation.send("my diagnosis")).rejects.toMatchObject({
      code: "membership_unverified",
    });
  }
  await closeAll(agent, ghost, customer);
  const messages = await rawMessages(server, asking.id);
  const packets = await rawPackets(server, asking.id);
  expect(messages.map(({ seq }) => seq)).toEqual([2, 3]);
  expect(await openableBy(ghost, messages, packets)).toEqual([]);
}, 40_000);

describe("a relay that shows one member another list", () => {
  let relay: TamperingRelay;
  let agent: Member;
  let colleague: Member;
  let ghost: Member;
  beforeEach(async () => {
    relay = await startTamperingRelay(server);
    [agent, colleague, ghost] = await Promise.all([
      connectStaff(server),
      connectStaff(server),
      connectStaff(server),
    ]);
  });
  afterEach(async () => {
    await closeAll(agent, colleague, ghost);
    await relay.close();
  });

  const listed = ({ sealdesk }: Member, role = "agent"): Listed => ({
    user: sealdesk.user.id,
    role,
    devices: [sealdesk.device],
  });

  /** Shows the event `seq` as `change` says, in a log that fits it. */
  function show(seq: number, change: (control: Control, event: Deliver) => Partial<Deliver>): void {
    const log = new OtherLog();
    relay.tamper = (frame) => {
      if (frame.kind !== "deliver") return [frame];
      const { body } = frame;
      return [
        log.append(
          body.seq === seq ? { ...body, ...change(decodeControl(body.ciphertext), body) } : body,
        ),
      ];
    };
  }
  /** Shows the event `seq` as `change` says. The events after it are those of the real log. */
  function showOnly(seq: number, change: (control: Control) => Partial<Deliver>): void {
    relay.tamper = (frame) => {
      if (frame.kind !== "deliver" || frame.body.seq !== seq) return [frame];
      const body = { ...frame.body, ...change(decodeControl(frame.body.ciphertext)) };
      const { previousHash, ciphertext, commitment } = body;
      const sha256 = (input: Uint8Array) => hash("sha256", input, "buffer");
      const shown = transcriptHash(sha256, previousHash, body, ciphertext, commitment);
      return [{ kind: "deliver", body: { ...body, transcriptHash: shown } }];
    };
  }
  const listing =
    (change: (members: readonly Listed[]) => readonly Listed[]) => (control: Control) => ({
      ciphertext: encodeControl({ ...control, members: [...change(control.members)] }),
    });
  const inOrder = (members: readonly Listed[]) =>
    members.toSorted((one, next) => (one.user < next.user ? -1 : 1));
  const ofAgent = (change: (member: Listed) => Partial<Listed>) => (members: readonly Listed[]) =>
    members.map((each) =>
      each.user === agent.sealdesk.user.id ? { ...each, ...change(each) } : each,
    );

  test.each<[string, () => (control: Control) => Partial<Deliver>]>([
    ["a ghost beside the one who was added", () => listing((all) => [...all, listed(ghost)])],
    [
      "a ghost's device under an honest member",
      () =>
        listing(
          ofAgent(({ devices }) => ({ devices: [...devices, ghost.sealdesk.device].toSorted() })),
        ),
    ],
    ["a member's role raised", () => listing(ofAgent(() => ({ role: "supervisor" })))],
    [
      "a member left out",
      () => listing((all) => all.filter(({ user }) => user !== agent.sealdesk.user.id)),
    ],
    ["the newcomer before the others", () => listing((all) => all.toReversed())],
    ["a second creation", () => () => ({ kind: "created" })],
    ["an addition as a consent", () => () => ({ kind: "consent_changed" })],
    ["another epoch", () => (control) => ({ ciphertext: encodeControl({ ...control, epoch: 7 }) })],
  ])("%s: the list is not taken, and nothing is sealed", async (_, tampering) => {
    const victim = await connectCustomer(server, { webSocket: relay.webSocket });
    show(2, tampering());
    const asking = await victim.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const before = asking.members;
    const serving = await joined(agent, asking.id);
    await serving.addMember(colleague.sealdesk.user.id);

    const items = await readUntil(asking, (all) => problemsOf(all).length > 0);
    expect(items.map(({ kind }) => kind)).toEqual(["created", "problem"]);
    expect(problemsOf(items)).toMatchObject([{ code: "malformed_event", seq: 2 }]);
    expect(asking.members).toEqual(before);
    await expect(asking.send("for those I know")).rejects.toMatchObject({
      code: "membership_unverified",
    });
    await closeAll(victim);
  });

  test("a ghost in the first event: its creator, and whom they named, take no part", async () => {
    const customer = await connectCustomer(server, { webSocket: relay.webSocket });
    show(
      1,
      listing((all) => inOrder([...all, listed(ghost)])),
    );
    const begun = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    expect(codesOf(await readUntil(begun, (all) => all.length > 0))).toEqual(["malformed_event"]);
    await expect(begun.send("hello?")).rejects.toMatchObject({ code: "not_a_member" });
    await closeAll(customer);

    const other = await connectCustomer(server);
    const named = await connectStaff(server, "agent", { webSocket: relay.webSocket });
    show(
      1,
      listing((all) => inOrder([...all, listed(ghost)])),
    );
    const asking = await other.sealdesk.openConversation({ with: [named.sealdesk.user.id] });
    const serving = await joined(named, asking.id);
    expect(codesOf(await readUntil(serving, (all) => all.length > 0))).toEqual(["malformed_event"]);
    await expect(serving.send("who is it?")).rejects.toMatchObject({ code: "not_a_member" });
    await closeAll(other, named);
  });

  test("a removal that also lists a ghost: the removed device still leaves, and comes back", async () => {
    const supervisor = await connectStaff(server, "supervisor");
    const victim = await connectStaff(server, "agent", { webSocket: relay.webSocket });
    const customer = await connectCustomer(server);
    showOnly(
      2,
      listing((all) => [...all, listed(ghost)]),
    );
    const asking = await customer.sealdesk.openConversation({
      with: [victim.sealdesk.user.id, supervisor.sealdesk.user.id],
    });
    const serving = await joined(victim, asking.id);
    const arrivals: SealdeskEvents["arrival"][] = [];
    victim.sealdesk.on("arrival", (arrival) => arrivals.push(arrival));
    const keeping = await joined(supervisor, asking.id);
    await keeping.removeMember(victim.sealdesk.user.id);
    expect(codesOf(await readUntil(serving, (all) => problemsOf(all).length > 0))).toEqual([
      "malformed_event",
    ]);
    expect(serving.state).toBe("left");
    await keeping.addMember(agent.sealdesk.user.id);
    await keeping.addMember(victim.sealdesk.user.id);

    const items = await readUntil(serving, hasKind("member_added"));
    expect(items.slice(-2)).toMatchObject([
      { kind: "arrived_unseen", seq: 4, members: [listed(agent)] },
      { kind: "member_added", seq: 4, subject: victim.sealdesk.user.id },
    ]);
    expect(serving.state).toBe("open");
    expect(arrivals).toMatchObject([
      { conversation: serving, arrived: { seq: 4, members: [listed(agent)] } },
    ]);
    await closeAll(supervisor, victim, customer);
  });
});

test("a ghost who comes while events are gone is shown before anything is sealed", async () => {
  const agent = await connectStaff(server);
  const ghost = await connectStaff(server);
  let away = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, away.sealdesk.user.id],
  });
  const { id } = asking;
  const serving = await joined(agent, id);
  await joined(away, id);
  await away.sealdesk.close();
  for (let turn = 0; turn < 3; turn++) await serving.send(`away ${turn}`);
  await enrol(ghost, id, 2);
  await consentToSharing(customer, asking.id);
  // Who saw the events knows that none of them brought the ghost.
  const seen = await readUntil(serving, (all) => problemsOf(all).length > 0);
  expect(problemsOf(seen)).toMatchObject([{ code: "malformed_event", seq: 5 }]);
  await purge(id, 4);

  away = await away.restart();
  const back = await joined(away, id);
  const items = await readUntil(back, hasKind("consent_changed"));
  expect(items.slice(1)).toMatchObject([
    { kind: "gap", from: 2, to: 4 },
    {
      kind: "arrived_unseen",
      seq: 5,
      members: [{ user: ghost.sealdesk.user.id, role: "agent", devices: [ghost.sealdesk.device] }],
    },
    { kind: "consent_changed", seq: 5 },
  ]);
  await closeAll(agent, away, ghost, customer);
}, 40_000);

test("a member who came while events were purged is shown, and takes part", async () => {
  const colleague = await connectStaff(server);
  const agent = await connectStaff(server);
  let away = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, away.sealdesk.user.id],
  });
  await joined(away, asking.id);
  const serving = await joined(agent, asking.id);
  await away.sealdesk.close();
  await serving.addMember(colleague.sealdesk.user.id);
  await consentToSharing(customer, asking.id);
  await purge(asking.id, 2);
  away = await away.restart();
  const back = await joined(away, asking.id);

  const items = await readUntil(back, hasKind("consent_changed"));
  expect(items.slice(1)).toMatchObject([
    { kind: "gap", from: 2, to: 2 },
    {
      kind: "arrived_unseen",
      members: [{ user: colleague.sealdesk.user.id, devices: [colleague.sealdesk.device] }],
    },
    { kind: "consent_changed" },
  ]);
  await back.send("welcome");
  const taking = await joined(colleague, asking.id);
  expect(await readTexts(taking, 1)).toEqual(["welcome"]);
  await taking.send("thank you");
  const all = await readUntil(back, (some) => textsOf(some).length === 2);
  expect(problemsOf(all)).toEqual([]);
  await closeAll(agent, away, colleague, customer);
}, 40_000);

test("who was removed in a gap and is added again after it comes back", async () => {
  const supervisor = await connectStaff(server, "supervisor");
  let away = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({
    with: [supervisor.sealdesk.user.id, away.sealdesk.user.id],
  });
  await joined(away, asking.id);
  const keeping = await joined(supervisor, asking.id);
  await away.sealdesk.close();
  await keeping.send("behind your back");
  await keeping.removeMember(away.sealdesk.user.id);
  await keeping.send("without you");
  await keeping.addMember(away.sealdesk.user.id);
  await purge(asking.id, 3);

  away = await away.restart();
  const back = await joined(away, asking.id);
  const items = await readUntil(back, hasKind("member_added"));
  expect(items).toMatchObject([
    { kind: "created" },
    { kind: "gap", from: 2, to: 3, reason: "purged" },
    { kind: "gap", from: 4, to: 4, reason: "not_a_member" },
    { kind: "member_added", seq: 5 },
  ]);
  await back.send("I am here again");
  expect(await readTexts(asking, 3)).toEqual([
    "behind your back",
    "without you",
    "I am here again",
  ]);
  await closeAll(supervisor, away, customer);
}, 40_000);
