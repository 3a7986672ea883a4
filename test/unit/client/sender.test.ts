import { conversation, ownDevice, peer, setUp, wait } from "./sending.ts";
import { loadOutbox } from "../../../client/conversation/outbox.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { SuiteError, type PreKeyBundle } from "../../../crypto/device/suite.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId, DeviceId } from "../../../crypto/wire/ids.ts";

describe("sending", () => {
  test("queues on disk, seals, sends, and answers when the message is in the log", async () => {
    const { store, sender, sent } = await setUp();
    const outcome = sender.send("hello \ud800 there");
    await wait();
    const [first] = sent;
    expect((await loadOutbox(store)).get(conversation)).toMatchObject([
      [first!.clientMessageId, { text: "hello \ufffd there" }],
    ]);
    const receipt = { id: first!.clientMessageId, seq: 2, receivedAtMs: 17 };
    sender.recorded(receipt);
    expect(await outcome).toEqual(receipt);
  });

  test("at most 16 messages are unanswered at a time", async () => {
    const { sender, sent } = await setUp();
    for (let count = 0; count < 20; count++) void sender.send(`${count}`).catch(() => undefined);
    await wait();
    expect(sent.length).toBe(16);
    sender.recorded({ id: sent[0]!.clientMessageId, seq: 2, receivedAtMs: 0 });
    await wait();
    expect(sent.length).toBe(17);
    sender.end(new SealdeskError("closed", ""));
  });

  test("fetches bundles for devices without a session, then sends", async () => {
    const { sender, sent, suite } = await setUp();
    suite.hasSession = false;
    void sender.send("hello");
    await wait();
    expect(suite.seen).toEqual(["establish true"]);
    expect(sent.length).toBe(1);
  });

  test("an untrusted identity key fails the message; an unavailable server only delays it", async () => {
    let answer = (): Promise<PreKeyBundle> =>
      Promise.reject(new SealdeskError("rate_limited", "", { retryAfterMs: 9_000 }));
    const { sender, sent, suite, clock, store } = await setUp(() => answer());
    suite.hasSession = false;
    const outcome = expect(sender.send("hello")).rejects.toMatchObject({
      code: "untrusted_member",
    });
    await wait();
    answer = () => Promise.reject(new SealdeskError("signed_out", ""));
    await clock.pass(9_000);
    expect((await loadOutbox(store)).size).toBe(1);
    answer = () => Promise.resolve({ device: peer } as PreKeyBundle);
    suite.establish = () => Promise.reject(new SuiteError("untrusted_identity", ""));
    await clock.pass(1_000);
    await outcome;
    expect(sent).toEqual([]);
    expect((await loadOutbox(store)).size).toBe(0);
  });

  test.each([
    ["a bundle that makes no session", new SuiteError("invalid_bundle", "", { devices: [peer] })],
    ["no bundle", new SealdeskError("request_refused", "", { problem: "no_prekeys" })],
  ])(
    "a device with %s is left out, its user is named, and it is tried again later",
    async (_name, error) => {
      const { sender, sent, suite, clock, unreachable } = await setUp();
      suite.hasSession = false;
      const establish = suite.establish.bind(suite);
      suite.establish = () => Promise.reject(error);
      const first = sender.send("first");
      await wait();
      const { clientMessageId: id, packets } = sent[0]!;
      expect(packets.map(({ device, bytes }) => [device, bytes.length])).toEqual([[peer, 0]]);
      sender.recorded({ id, seq: 2, receivedAtMs: 0 });
      await first;
      expect(unreachable).toEqual([peer]);

      suite.establish = establish;
      await clock.pass(16 * 60_000);
      void sender.send("second").catch(() => undefined);
      await wait();
      expect(suite.seen).toEqual(["establish true"]);
      expect(unreachable).toEqual([peer]);
    },
  );

  test("a device that the relay lists under a member during sealing gets nothing (R26)", async () => {
    const { sender, sent, suite, log, state, trust } = await setUp();
    const sealedFor: unknown[] = [];
    const seal = suite.seal.bind(suite);
    suite.seal = (transaction, request) => {
      sealedFor.push(request.devices);
      return seal(transaction, request);
    };
    const stranger = newId<DeviceId>();
    const { device } = trust;
    let looked = false;
    trust.device = (asked: string) => {
      // The event arrives while the members of the previous epoch are checked.
      if (!looked) log.advance(state(2, [ownDevice, peer, stranger]));
      looked = true;
      return asked === stranger ? { user: newId<UserId>() } : device(asked);
    };
    const outcome = sender.send("hello");
    // There is nothing to look up, because the relay shows no such device of the member.
    await expect(outcome).rejects.toMatchObject({ code: "untrusted_member" });
    expect([sealedFor, sent]).toEqual([[], []]);
  });

  test("no message is given up before the first session, however long the server is unavailable", async () => {
    let answer = (): Promise<PreKeyBundle> => Promise.reject(new SealdeskError("network", ""));
    const { sender, sent, suite, clock } = await setUp(() => answer());
    suite.hasSession = false;
    const first = sender.send("first");
    await wait();
    for (let second = 0; second < 30; second++) await clock.pass(1_000);
    expect(sent).toEqual([]);
    answer = () => Promise.resolve({ device: peer } as PreKeyBundle);
    await clock.pass(1_000);
    await wait();
    const { clientMessageId: id } = sent[0]!;
    sender.recorded({ id, seq: 2, receivedAtMs: 17 });
    expect(await first).toEqual({ id, seq: 2, receivedAtMs: 17 });
  });

  test("a member whose bundles make no session fails each message, but not forever", async () => {
    const { sender, sent, suite } = await setUp();
    suite.hasSession = false;
    const establish = suite.establish.bind(suite);
    suite.establish = () => Promise.resolve();
    await expect(sender.send("first")).rejects.toMatchObject({ code: "untrusted_member" });
    suite.establish = establish;
    void sender.send("second").catch(() => undefined);
    await wait();
    expect(sent.length).toBe(1);
  });

  test("seals all later messages again, in order and under the same ids, when the members change", async () => {
    const { sender, sent, suite, log, state, refuse } = await setUp();
    for (const text of ["a", "b", "c"]) void sender.send(text);
    await wait();
    const ids = sent.map(({ clientMessageId }) => clientMessageId);
    const [a, b, c] = ids;
    sender.recorded({ id: a!, seq: 2, receivedAtMs: 0 });
    await refuse(b!, "stale_epoch", { epoch: 2 });
    await refuse(c!, "stale_epoch", { epoch: 2 });
    expect(sent.length).toBe(3);
    log.advance(state(2));
    sender.wake();
    await wait();

    expect(suite.seen).toEqual(["rotate"]);
    const again = sent.slice(3);
    expect(again.map(({ clientMessageId }) => clientMessageId)).toEqual([b, c]);
    expect(again.map(({ epoch }) => epoch)).toEqual([2, 2]);
    expect(again.map(({ packets }) => packets.length)).toEqual([1, 0]);
    expect(again[0]!.keyId).not.toBe(sent[1]!.keyId);
  });

  test("sends the same bytes again after a lost connection and after a restart", async () => {
    const { sender, sent, store } = await setUp();
    void sender.send("hello");
    await wait();
    sender.lost();
    sender.open();
    await wait();
    expect(sent.length).toBe(2);
    expect(sent[1]).toEqual(sent[0]);
    const sealing = (await loadOutbox(store)).get(conversation)?.[0]?.[1].sealing;
    expect(sealing).toMatchObject({ keyId: sent[0]!.keyId, ciphertext: sent[0]!.ciphertext });
  });

  test("messages over a quota wait in the outbox, in order, and a person is told once", async () => {
    const { sender, sent, store, clock, refuse, held } = await setUp();
    const outcomes = [sender.send("first"), sender.send("second")];
    await wait();
    const ids = sent.map(({ clientMessageId }) => clientMessageId);
    const untilMidnight = 7 * 3_600_000;
    for (const id of ids) await refuse(id, "quota_exceeded", { retryAfterMs: untilMidnight });
    expect(held).toMatchObject([{ code: "quota_exceeded", retryAfterMs: untilMidnight }]);
    expect((await loadOutbox(store)).get(conversation)?.map(([id]) => id)).toEqual(ids);
    expect(sent).toHaveLength(2);
    // The quota may be raised before the day is over.
    await clock.pass(15 * 60_000);
    expect(sent.slice(2).map(({ clientMessageId }) => clientMessageId)).toEqual(ids);
    expect(sent.slice(2)).toEqual(sent.slice(0, 2));
    await refuse(ids[0]!, "quota_exceeded", { retryAfterMs: 1_000 });
    await refuse(ids[1]!, "quota_exceeded", { retryAfterMs: 1_000 });
    await clock.pass(1_000);
    expect(sent).toHaveLength(6);
    expect(held).toHaveLength(1);
    for (const [index, id] of ids.entries())
      sender.recorded({ id, seq: 2 + index, receivedAtMs: index });
    expect((await Promise.all(outcomes)).map(({ id }) => id)).toEqual(ids);
  });

  test("messages that follow one over a quota are kept, however often the relay misses their packets", async () => {
    const { sender, sent, store, clock, refuse } = await setUp();
    for (const text of ["first", "second"]) void sender.send(text).catch(() => undefined);
    await wait();
    const ids = sent.map(({ clientMessageId }) => clientMessageId);
    for (let quarter = 0; quarter < 12; quarter++) {
      await refuse(ids[0]!, "quota_exceeded", { retryAfterMs: 15 * 60_000 });
      await refuse(ids[1]!, "device_mismatch");
      await clock.pass(15 * 60_000);
      await wait();
    }
    expect((await loadOutbox(store)).get(conversation)?.map(([id]) => id)).toEqual(ids);
    sender.end(new SealdeskError("closed", ""));
  });

  test("waits as long as the relay's rate limit requires", async () => {
    const { sender, sent, clock, refuse } = await setUp();
    void sender.send("hello");
    await wait();
    await refuse(sent[0]!.clientMessageId, "rate_limited", { retryAfterMs: 3_000 });
    await clock.pass(2_999);
    expect(sent.length).toBe(1);
    await clock.pass(1);
    await wait();
    expect(sent[1]).toEqual(sent[0]);
  });

  test.each([
    ["conversation_not_found", "not_a_member"],
    ["conversation_closed", "conversation_closed"],
    ["key_destroyed", "subject_erased"],
    ["something_new", "send_refused"],
  ])("a refusal as %s is reported as %s and not tried again", async (code, told) => {
    const { sender, sent, refuse, store } = await setUp();
    const outcome = expect(sender.send("hello")).rejects.toMatchObject({
      code: told,
      problem: code,
    });
    await wait();
    await refuse(sent[0]!.clientMessageId, code);
    await outcome;
    expect((await loadOutbox(store)).size).toBe(0);
  });

  test("when an id is refused, all waiting messages get new ones by the server's time, in order", async () => {
    let asked = 0;
    const offline = new SealdeskError("network", "", { retryAfterMs: 2_000 });
    const { sender, sent, refuse, suite, clock, store } = await setUp(undefined, () =>
      ++asked === 1 ? Promise.reject(offline) : Promise.resolve(),
    );
    const outcomes = ["one", "two"].map((text) => sender.send(text));
    await wait();
    const [first, second] = sent.map(({ clientMessageId }) => clientMessageId);
    await refuse(first!, "stale_message_id");
    // It is not certain yet that the second is not in the log.
    expect(asked).toBe(0);
    await refuse(second!, "stale_message_id");
    await clock.pass(2_000);
    await wait();
    expect([asked, sent.length]).toEqual([2, 4]);
    const ids = sent.slice(2).map(({ clientMessageId }) => clientMessageId);
    expect(new Set([first, second, ...ids]).size).toBe(4);
    const waiting = (await loadOutbox(store)).get(conversation) ?? [];
    expect(waiting.map(([id, { text }]) => [id, text])).toEqual([
      [ids[0], "one"],
      [ids[1], "two"],
    ]);
    // What was sealed for the refused ids is never sent again, not even its key.
    expect(suite.seen).toEqual(["rotate"]);
    expect(sent[2]!.keyId).not.toBe(sent[0]!.keyId);
    ids.forEach((id, index) => sender.recorded({ id, seq: index + 2, receivedAtMs: 0 }));
    expect((await Promise.all(outcomes)).map(({ id }) => id)).toEqual(ids);
  });

  test("a relay that refuses every id makes the message fail in the end", async () => {
    const { sender, sent, refuse, store } = await setUp();
    const outcome = expect(sender.send("hello")).rejects.toMatchObject({
      code: "stale_message_id",
    });
    for (let refusals = 0; refusals < 9; refusals++) {
      await wait();
      await refuse(sent.at(-1)!.clientMessageId, "stale_message_id");
    }
    await outcome;
    expect((await loadOutbox(store)).size).toBe(0);
  });

  test("an oversized text is refused before anything is sealed", async () => {
    const { sender, sent } = await setUp();
    await expect(sender.send("x".repeat(64 * 1024))).rejects.toMatchObject({
      code: "message_too_large",
    });
    void sender.send("é".repeat(31 * 1024));
    await wait();
    expect(sent.length).toBe(1);
  });

  test("a missing answer ends the connection", async () => {
    const { sender, clock, silences } = await setUp();
    void sender.send("hello").catch(() => undefined);
    await wait();
    await clock.pass(29_999);
    expect(silences()).toBe(0);
    await clock.pass(1);
    expect(silences()).toBe(1);
    sender.lost();
    expect(clock.waiting).toBe(0);
  });

  test("a message that is in the log does not end a connection that is quiet afterwards", async () => {
    const { sender, sent, clock, silences } = await setUp();
    void sender.send("hello");
    await wait();
    sender.recorded({ id: sent[0]!.clientMessageId, seq: 2, receivedAtMs: 0 });
    await clock.pass(60_000);
    expect(silences()).toBe(0);
  });

  test("a refused message does not end the connection while it waits to be sent again", async () => {
    const { sender, sent, clock, refuse, silences } = await setUp();
    void sender.send("hello").catch(() => undefined);
    await wait();
    await refuse(sent[0]!.clientMessageId, "rate_limited", { retryAfterMs: 90_000 });
    await clock.pass(60_000);
    expect(silences()).toBe(0);
    await clock.pass(30_000);
    expect(sent.length).toBe(2);
    await clock.pass(30_000);
    expect(silences()).toBe(1);
  });

  test("a message that the relay will not take does not end a connection that is quiet afterwards", async () => {
    const { sender, sent, clock, refuse, silences } = await setUp();
    const outcome = expect(sender.send("hello")).rejects.toMatchObject({ code: "not_a_member" });
    await wait();
    await refuse(sent[0]!.clientMessageId, "not_a_member");
    await outcome;
    await clock.pass(60_000);
    expect(silences()).toBe(0);
  });

  test("closing keeps queued messages", async () => {
    const { sender, store } = await setUp();
    sender.lost();
    const outcome = expect(sender.send("later")).rejects.toMatchObject({ code: "closed" });
    await wait();
    sender.end(new SealdeskError("closed", ""));
    await outcome;
    expect((await loadOutbox(store)).get(conversation)?.length).toBe(1);
    await expect(sender.send("never queued")).rejects.toMatchObject({ code: "closed" });
    expect((await loadOutbox(store)).get(conversation)?.length).toBe(1);
  });
});

describe("members whom nobody knows", () => {
  test("after a malformed event everything that waits fails, and what is in flight when it is refused (R25)", async () => {
    const { sender, sent, log, state, refuse, store } = await setUp();
    const sends = Array.from({ length: 18 }, (_, count) => sender.send(`${count}`));
    const outcomes = Promise.allSettled(sends);
    await wait();
    expect(sent.length).toBe(16);
    log.advance({ ...state(2), epoch: 1, malformed: true });
    sender.wake();
    await expect(sends.at(-1)).rejects.toMatchObject({ code: "membership_unverified" });
    // This one is in the log after all.
    sender.recorded({ id: sent[0]!.clientMessageId, seq: 3, receivedAtMs: 0 });
    for (const { clientMessageId } of sent.slice(1))
      await refuse(clientMessageId, "stale_epoch", { epoch: 2 });
    expect((await outcomes).map(({ status }) => status)).toEqual([
      "fulfilled",
      ...Array.from({ length: 17 }, () => "rejected"),
    ]);
    expect(sent.length).toBe(16);
    expect((await loadOutbox(store)).size).toBe(1);
  });

  test("a message that was written before somebody came unseen is not sealed for them (R28)", async () => {
    const { sender, sent, log, state, refuse, suite } = await setUp();
    const flying = sender.send("in flight when they came");
    await wait();
    suite.hasSession = false;
    const before = sender.send("written before they came");
    log.advance({ ...state(2), arrivedAt: 2 });
    sender.wake();
    await expect(before).rejects.toMatchObject({ code: "arrived_unseen" });
    const failed = expect(flying).rejects.toMatchObject({ code: "arrived_unseen" });
    await refuse(sent[0]!.clientMessageId, "stale_epoch", { epoch: 2 });
    await failed;
    void sender.send("written for them too").catch(() => undefined);
    await wait();
    expect(sent.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });
});
