import { requireConsents } from "../../identity/accounts/require-consents.ts";
import {
  connectCustomer,
  connectStaff,
  copyOf,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { openableBy, rawMessages, rawPackets } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

describe("members come and go", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const { slug } = server.tenant;
    // So an archiver may be added without a consent.
    await requireConsents(server.database.ownerUrl, { slug, purposes: [], nowMs: Date.now() });
  });
  afterAll(() => server.close());

  test("C1: an agent who joins by hand-over cannot open what was said before", async () => {
    const [first, second, customer] = await Promise.all([
      connectStaff(server),
      connectStaff(server),
      connectCustomer(server),
    ]);
    const asking = await customer.sealdesk.openConversation({ with: [first.sealdesk.user.id] });
    const serving = await joined(first, asking.id);
    for (let turn = 0; turn < 3; turn++) {
      await asking.send(`confided ${turn}`);
      await serving.send(`answered ${turn}`);
    }

    await serving.addMember(second.sealdesk.user.id);
    const taking = await joined(second, asking.id);
    const onArrival = { ...second, level: await copyOf(second.level) };
    await serving.send("over to you");
    await asking.send("thank you");
    await taking.send("hello, I take over");

    const items = await readUntil(taking, (all) => textsOf(all).length === 3);
    expect(items.map(({ seq }) => seq)).toEqual([8, 9, 10, 11]);
    expect(items[0]).toMatchObject({ kind: "member_added", subject: second.sealdesk.user.id });
    expect(textsOf(items)).toEqual(["over to you", "thank you", "hello, I take over"]);
    for (const other of [asking, serving]) {
      const all = await readUntil(other, (some) => textsOf(some).length === 9);
      expect(problemsOf(all)).toEqual([]);
    }

    await Promise.all([first.sealdesk.close(), second.sealdesk.close(), customer.sealdesk.close()]);
    const messages = await rawMessages(server, asking.id);
    const packets = await rawPackets(server, asking.id);
    expect(messages.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6, 7, 9, 10, 11]);
    // Its own and what it has opened before cannot be opened again either: those keys are gone.
    expect(await openableBy(second, messages, packets)).toEqual([]);
    // As it came, it could open what the others sent from then on, and nothing else.
    expect(await openableBy(onArrival, messages, packets)).toEqual([9, 10]);
  });

  test("C2: nothing accepted after a member's removal opens on their device", async () => {
    const [keeper, leaver, customer] = await Promise.all([
      connectStaff(server, "supervisor"),
      connectStaff(server),
      connectCustomer(server),
    ]);
    const asking = await customer.sealdesk.openConversation({
      with: [keeper.sealdesk.user.id, leaver.sealdesk.user.id],
    });
    const keeping = await joined(keeper, asking.id);
    const leaving = await joined(leaver, asking.id);
    await Promise.all([asking.send("a"), keeping.send("b"), leaving.send("c")]);

    const typing = [asking, keeping].map(async (conversation, who) => {
      const sent = [];
      for (let turn = 0; turn < 40; turn++) sent.push(await conversation.send(`${who}.${turn}`));
      return sent;
    });
    await keeping.send("that will do");
    await keeping.removeMember(leaver.sealdesk.user.id);
    const sent = (await Promise.all(typing)).flat();

    const seen = await readUntil(leaving, (all) => all.at(-1)?.kind === "member_removed");
    const removedAt = seen.at(-1)!.seq;
    // Since the call, the remover seals nothing for the leaver.
    const unreadable = problemsOf(seen);
    expect(unreadable.filter(({ code }) => code !== "no_key")).toEqual([]);
    expect(leaving.state).toBe("left");
    await expect(leaving.send("may I?")).rejects.toMatchObject({ code: "not_a_member" });
    const after = sent.filter(({ seq }) => seq > removedAt).map(({ seq }) => seq);
    expect(after.length).toBeGreaterThan(10);
    for (const staying of [asking, keeping]) {
      const items = await readUntil(staying, (all) => textsOf(all).length === 84);
      expect(problemsOf(items)).toEqual([]);
    }

    await Promise.all([
      keeper.sealdesk.close(),
      leaver.sealdesk.close(),
      customer.sealdesk.close(),
    ]);
    const later = (await rawMessages(server, asking.id)).filter(({ seq }) => seq > removedAt);
    expect(later.length).toBe(after.length);
    expect(await openableBy(leaver, later, await rawPackets(server, asking.id))).toEqual([]);
  });

  test("a member who leaves and returns sees neither the messages in between nor a gap", async () => {
    const [agent, guest, customer] = await Promise.all([
      connectStaff(server),
      connectStaff(server),
      connectCustomer(server),
    ]);
    const asking = await customer.sealdesk.openConversation({
      with: [agent.sealdesk.user.id, guest.sealdesk.user.id],
    });
    const serving = await joined(agent, asking.id);
    const visiting = await joined(guest, asking.id);
    await asking.send("before");
    await visiting.removeMember(guest.sealdesk.user.id);
    await serving.send("between");
    await asking.send("between, too");
    await serving.addMember(guest.sealdesk.user.id);
    await asking.send("after");
    await visiting.send("back");

    const items = await readUntil(visiting, (all) => textsOf(all).length === 3);
    expect(problemsOf(items)).toEqual([]);
    expect(items.map(({ kind, seq }) => [kind, seq])).toEqual([
      ["created", 1],
      ["message", 2],
      ["member_removed", 3],
      ["member_added", 6],
      ["message", 7],
      ["message", 8],
    ]);
    expect(textsOf(items)).toEqual(["before", "after", "back"]);
    await Promise.all([agent.sealdesk.close(), guest.sealdesk.close(), customer.sealdesk.close()]);
  });

  test("an archiver is a visible member that only receives", async () => {
    const [agent, archiver, customer] = await Promise.all([
      connectStaff(server),
      connectStaff(server, "archiver"),
      connectCustomer(server),
    ]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    await asking.send("before");
    await serving.addMember(archiver.sealdesk.user.id);
    const keeping = await joined(archiver, asking.id);
    await serving.send("for the record");
    await asking.send("noted");

    const kept = await readUntil(keeping, (all) => textsOf(all).length === 2);
    expect([textsOf(kept), problemsOf(kept)]).toEqual([["for the record", "noted"], []]);
    expect(asking.members).toContainEqual(
      expect.objectContaining({ user: archiver.sealdesk.user.id, role: "archiver" }),
    );
    const forbidden = { code: "forbidden" };
    const colleague = await connectStaff(server);
    await expect(keeping.send("I say")).rejects.toMatchObject({ code: "send_refused" });
    await expect(keeping.close()).rejects.toMatchObject(forbidden);
    for (const { sealdesk } of [colleague, archiver])
      await expect(keeping.addMember(sealdesk.user.id)).rejects.toMatchObject(forbidden);
    for (const { sealdesk } of [agent, archiver])
      await expect(keeping.removeMember(sealdesk.user.id)).rejects.toMatchObject(forbidden);
    await serving.send("still kept");
    const items = await readUntil(keeping, (all) => textsOf(all).length === 3);
    expect(problemsOf(items)).toEqual([]);
    await Promise.all(
      [agent, archiver, customer, colleague].map(({ sealdesk }) => sealdesk.close()),
    );
  });

  test("a closed conversation takes no more messages", async () => {
    const [agent, customer] = await Promise.all([connectStaff(server), connectCustomer(server)]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    await asking.send("thanks, bye");
    await serving.close();
    await readUntil(asking, (all) => all.at(-1)?.kind === "closed");

    expect(asking.state).toBe("closed");
    await expect(asking.send("one more")).rejects.toMatchObject({ code: "conversation_closed" });
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });
});
