import type { Conversation, ConversationItem } from "../../client/index.ts";
import {
  decodeControl,
  encodeControl,
  type Control,
  type Deliver,
  type Frame,
} from "../../crypto/wire/frame.ts";
import {
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import {
  OtherLog,
  startTamperingRelay,
  type Tamper,
  type TamperingRelay,
} from "../support/tampering-relay.ts";
import { newId } from "../../tools/testkit/ids.ts";

describe("C3: a relay that does not show what was said", () => {
  let server: TestServer;
  let relay: TamperingRelay;
  let agent: Member;
  let victim: Member;
  let serving: Conversation;
  let asking: Conversation;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  beforeEach(async () => {
    relay = await startTamperingRelay(server);
    agent = await connectStaff(server);
    victim = await connectCustomer(server, {
      webSocket: relay.webSocket,
      backoff: { baseMs: 5, capMs: 20, stableMs: 50 },
    });
  });
  afterEach(async () => {
    await Promise.all([agent.sealdesk.close(), victim.sealdesk.close()]);
    await relay.close();
  });

  /** @param tamper applied to events of the conversation from its first one on */
  async function open(tamper: Tamper): Promise<void> {
    relay.tamper = tamper;
    asking = await victim.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    serving = await joined(agent, asking.id);
  }

  const isMessage = (frame: Frame, seq: number): boolean =>
    frame.kind === "deliver" && frame.body.kind === "message" && frame.body.seq === seq;
  const readVictim = (enough: (items: readonly ConversationItem[]) => boolean) =>
    readUntil(asking, enough);

  test("drops a message: the device notices at the next one, and asks for it again", async () => {
    let dropped = false;
    await open((frame) => {
      if (dropped || !isMessage(frame, 2)) return [frame];
      dropped = true;
      return [];
    });
    const reading = readVictim((all) => textsOf(all).length === 2);
    await serving.send("one");
    await serving.send("two");

    const items = await reading;
    expect(textsOf(items)).toEqual(["one", "two"]);
    expect(problemsOf(items)).toMatchObject([{ code: "missing_event", seq: 2 }]);
    expect(relay.connections()).toBe(2);
  });

  test("withholds a message for good: the device says which, and shows nothing after it", async () => {
    await open((frame) => (isMessage(frame, 3) ? [] : [frame]));
    const reading = readVictim((all) => problemsOf(all).length === 1);
    for (const text of ["one", "two", "three"]) await serving.send(text);

    const items = await reading;
    expect(textsOf(items)).toEqual(["one"]);
    expect(problemsOf(items)).toMatchObject([{ code: "missing_event", seq: 3 }]);
  });

  test("leaves a message out and closes the gap: the sender's next one tells", async () => {
    const shown = new OtherLog();
    await open((frame) => {
      if (frame.kind !== "deliver") return [frame];
      return isMessage(frame, 3) ? [] : [shown.append(frame.body)];
    });
    await serving.send("one");
    await serving.send("hidden");
    const third = await serving.send("two");
    const fourth = await serving.send("three");

    const items = await readVictim((all) => problemsOf(all).length === 2);
    expect(textsOf(items)).toEqual(["one", "two", "three"]);
    expect(problemsOf(items)).toMatchObject([
      { code: "transcript_mismatch", message: third.id, sender: agent.sealdesk.user.id },
      { code: "transcript_mismatch", message: fourth.id, sender: agent.sealdesk.user.id },
    ]);
  });

  test("shows two members different orders: the next message tells, to both (R17)", async () => {
    const shown = new OtherLog();
    let held: Deliver | undefined;
    await open((frame) => {
      if (frame.kind !== "deliver") return [frame];
      if (isMessage(frame, 3)) {
        held = frame.body;
        return [];
      }
      const [first, second] = [frame.body, held];
      held = undefined;
      return [shown.append(first), ...(second === undefined ? [] : [shown.append(second)])];
    });
    await serving.send("will you?");
    // Both at once: neither tells that it was sent after the other.
    await Promise.all([serving.send("yes"), serving.send("no")]);
    const next = await serving.send("so be it");

    const items = await readVictim((all) => problemsOf(all).length === 1);
    expect(textsOf(items)).toEqual(["will you?", "no", "yes", "so be it"]);
    expect(problemsOf(items)).toMatchObject([{ code: "transcript_mismatch", message: next.id }]);

    const reply = expect(asking.send("I see")).rejects.toMatchObject({ code: "closed" });
    const noticed = await readUntil(serving, (all) => problemsOf(all).length === 1);
    expect(problemsOf(noticed)).toMatchObject([
      { code: "transcript_mismatch", seq: 6, sender: victim.sealdesk.user.id },
    ]);
    await victim.sealdesk.close();
    await reply;
  });

  test("swaps two messages on the way: nothing is shown out of order", async () => {
    let held: Frame | undefined;
    await open((frame) => {
      if (relay.connections() > 1) return [frame];
      if (isMessage(frame, 2)) {
        held = frame;
        return [];
      }
      return held !== undefined && isMessage(frame, 3) ? [frame, held] : [frame];
    });
    const reading = readVictim((all) => textsOf(all).length === 3);
    for (const text of ["one", "two", "three"]) await serving.send(text);

    const items = await reading;
    expect(textsOf(items)).toEqual(["one", "two", "three"]);
    expect(problemsOf(items)).toMatchObject([{ code: "missing_event", seq: 2 }]);
  });

  test("sends a message twice: it is shown once, and said to be replayed (R1)", async () => {
    await open((frame) => (isMessage(frame, 2) ? [frame, frame] : [frame]));
    const reading = readVictim((all) => problemsOf(all).length === 1 && textsOf(all).length === 2);
    const first = await serving.send("pay 100");
    await serving.send("thanks");

    const items = await reading;
    expect(textsOf(items)).toEqual(["pay 100", "thanks"]);
    expect(problemsOf(items)).toMatchObject([{ code: "replayed", seq: 2, message: first.id }]);
  });

  test("replays a message as a new one: it is not shown again (R16)", async () => {
    const shown = new OtherLog();
    await open((frame) => {
      if (frame.kind !== "deliver") return [frame];
      const { body } = frame;
      return isMessage(frame, 2) ? [shown.append(body), shown.append(body)] : [shown.append(body)];
    });
    const first = await serving.send("pay 100");
    await serving.send("thanks");
    const third = await serving.send("bye");

    const items = await readVictim((all) => problemsOf(all).length === 2);
    expect(textsOf(items)).toEqual(["pay 100", "thanks", "bye"]);
    expect(problemsOf(items)).toMatchObject([
      { code: "duplicate", seq: 3, message: first.id },
      { code: "transcript_mismatch", seq: 5, message: third.id },
    ]);
  });

  test("puts a message under another sender, epoch or id: it does not open", async () => {
    const shown = new OtherLog();
    const other = await connectStaff(server);
    await open((frame) => {
      if (frame.kind !== "deliver") return [frame];
      const { body } = frame;
      if (body.kind !== "message") return [shown.append(body)];
      if (body.seq === 3) return [shown.append({ ...body, senderDevice: other.sealdesk.device })];
      if (body.seq === 4) return [shown.append({ ...body, epoch: body.epoch + 1 })];
      if (body.seq === 5) return [shown.append({ ...body, clientMessageId: newId() })];
      if (body.seq === 6) return [shown.append({ ...body, commitment: body.transcriptHash })];
      return [shown.append(body)];
    });
    for (let turn = 2; turn <= 7; turn++) await serving.send(`message ${turn}`);

    const items = await readVictim((all) => all.at(-1)?.seq === 7);
    expect(textsOf(items)).toEqual(["message 2", "message 7"]);
    expect(problemsOf(items).map(({ seq, code }) => [seq, code])).toMatchObject([
      [3, "not_a_member"],
      [4, "wrong_epoch"],
      [5, "context_mismatch"],
      [6, "commitment_mismatch"],
    ]);
    await other.sealdesk.close();
  });

  test("changes a message's bytes: not taken for the one the log speaks of", async () => {
    await open((frame) => {
      if (frame.kind !== "deliver" || !isMessage(frame, 2) || relay.connections() > 1)
        return [frame];
      const ciphertext = Uint8Array.from(frame.body.ciphertext);
      ciphertext[40]! ^= 1;
      return [{ kind: "deliver", body: { ...frame.body, ciphertext } }];
    });
    const reading = readVictim((all) => textsOf(all).length === 1);
    const sent = await serving.send("the truth");

    const items = await reading;
    expect(textsOf(items)).toEqual(["the truth"]);
    expect(problemsOf(items)).toMatchObject([{ code: "forked_log", seq: 2, message: sent.id }]);
  });

  test("says it accepted what it did not: the log's hashes tell", async () => {
    await open((frame) => {
      if (frame.kind !== "accepted" || relay.connections() > 1) return [frame];
      return [{ kind: "accepted", body: { ...frame.body, transcriptHash: new Uint8Array(32) } }];
    });

    const problems: unknown[] = [];
    victim.sealdesk.on("problem", ({ problem }) => problems.push(problem));
    const sent = await asking.send("did you get this?");

    expect(relay.connections()).toBe(2);
    const items = await readVictim((all) => textsOf(all).length === 1);
    expect(items.at(-1)).toMatchObject({ id: sent.id, seq: sent.seq });
    expect(problems).toMatchObject([{ code: "forked_log", seq: sent.seq, message: sent.id }]);
  });

  test("stores another commitment than was sent: the sender is told, and the message counts as not sent", async () => {
    await open((frame) => [frame]);
    relay.tamperSent = (frame) =>
      frame.kind === "send"
        ? [{ kind: "send", body: { ...frame.body, commitment: new Uint8Array(32).fill(7) } }]
        : [frame];
    const problems: unknown[] = [];
    victim.sealdesk.on("problem", ({ problem }) => problems.push(problem));

    await expect(asking.send("as I wrote it")).rejects.toMatchObject({ code: "message_altered" });

    const items = await readVictim((all) => all.some(({ seq }) => seq === 2));
    expect(textsOf(items)).toEqual([]);
    expect(problemsOf(items)).toMatchObject([{ seq: 2, code: "own_message_altered" }]);
    expect(problems).toMatchObject([
      { seq: 2, code: "forked_log" },
      { seq: 2, code: "own_message_altered" },
    ]);
    const atAgent = await readUntil(serving, (all) => problemsOf(all).length === 1);
    expect(problemsOf(atAgent)).toMatchObject([{ seq: 2, code: "commitment_mismatch" }]);
  });

  test("comes back with an older log: the device knows that there was more (R23)", async () => {
    await open((frame) => [frame]);
    await serving.send("one");
    await serving.send("two");
    await readVictim((all) => textsOf(all).length === 2);
    const reading = readVictim((all) => problemsOf(all).length === 1);
    relay.tamper = (frame) => {
      if (frame.kind !== "heads") return [frame];
      const heads = frame.body.heads.map((head) => ({ ...head, seq: 2 }));
      return [{ kind: "heads", body: { heads } }];
    };
    relay.cut();

    expect(problemsOf(await reading)).toMatchObject([{ code: "rolled_back", seq: 3 }]);
  });

  test("lists one member's device as another's: not shown as theirs, and not written to", async () => {
    const mallory = await connectStaff(server);
    const earlier = await victim.sealdesk.openConversation({ with: [mallory.sealdesk.user.id] });
    await earlier.send("so this device is known");

    const alice = agent.sealdesk.user.id;
    const log = new OtherLog();
    const asAlices = (control: Control): Control => {
      const of = (user: string) => user === alice || user === mallory.sealdesk.user.id;
      const taken = control.members.filter(({ user }) => of(user)).flatMap((each) => each.devices);
      const members = control.members.map((each) =>
        of(each.user) ? { ...each, devices: each.user === alice ? taken.toSorted() : [] } : each,
      );
      return { ...control, members };
    };
    relay.tamper = (frame) => {
      if (frame.kind !== "deliver" || frame.body.conversation === earlier.id) return [frame];
      if (frame.body.kind === "message") return [log.append(frame.body)];
      const ciphertext = encodeControl(asAlices(decodeControl(frame.body.ciphertext)));
      return [log.append({ ...frame.body, ciphertext })];
    };
    asking = await victim.sealdesk.openConversation({ with: [alice, mallory.sealdesk.user.id] });
    const impostor = await joined(mallory, asking.id);
    await impostor.send("I am Alice");

    const items = await readVictim((all) => problemsOf(all).length === 1);
    expect(textsOf(items)).toEqual([]);
    // The receipt signs the members, so the list that names Alice is refused as a whole.
    expect(problemsOf(items)).toMatchObject([{ code: "invalid_receipt" }]);
    await expect(asking.send("for Alice alone")).rejects.toThrow();
    await mallory.sealdesk.close();
  });

  test("makes up a conversation, or another suite: nothing is sealed for it (R12)", async () => {
    await open((frame) => {
      if (frame.kind !== "deliver" || frame.body.kind !== "created") return [frame];
      const { creation, ...control } = decodeControl(frame.body.ciphertext);
      const signature = Uint8Array.from(creation!.signature);
      signature[5]! ^= 1;
      const ciphertext = encodeControl({ ...control, creation: { ...creation!, signature } });
      return [new OtherLog().append({ ...frame.body, ciphertext })];
    });

    const items = await readVictim((all) => problemsOf(all).length === 1);
    expect(problemsOf(items)).toMatchObject([{ code: "invalid_creation", seq: 1 }]);
    await expect(asking.send("hello?")).rejects.toMatchObject({ code: "not_a_member" });
  });
});
