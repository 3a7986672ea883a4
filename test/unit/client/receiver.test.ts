import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import { SealdeskError } from "../../../client/errors.ts";
import { concat } from "../../../crypto/wire/bytes.ts";
import { hashAt } from "../../../client/conversation/history.ts";
import { acceptedOf, conversation, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";
import { newId } from "../../../tools/testkit/ids.ts";

describe("receiving", () => {
  test("an answer that comes before earlier events waits for them (R19)", async () => {
    const { receiver, recorded, problems, queue, items, wait } = await setUp();
    const relay = new LogDouble();
    const [created, first, second, closed] = [
      relay.created(),
      relay.message(...(await queue("one"))),
      relay.message(...(await queue("two"))),
      relay.closed(),
    ];
    receiver.accepted(acceptedOf(second));
    receiver.accepted(acceptedOf(first));
    await wait();
    expect(recorded).toEqual([]);
    receiver.deliver(created);
    await wait();
    expect(recorded).toEqual([1, 2, 3]);
    receiver.deliver(closed);
    await wait();

    expect(recorded).toEqual([1, 2, 3, 4]);
    expect(problems).toEqual([]);
    const texts = (await items()).map((item) => (item.kind === "message" ? item.text : item.kind));
    expect(texts).toEqual(["created", "one", "two", "closed"]);
  });

  test("a transaction that finds an event in the store finds the state after it in memory", async () => {
    const { receiver, store, log, wait } = await setUp();
    const relay = new LogDouble();
    receiver.deliver(relay.created());
    await wait();
    receiver.deliver(relay.closed());
    const found: number[] = [];
    for (let turn = 0; turn < 50; turn++) {
      const looking = store.transact(async (transaction) => {
        const { cursor } = log;
        if ((await hashAt(transaction, conversation, 2)) !== undefined) found.push(cursor);
      });
      // One turn later each time, so that one of them stands right behind the event's transaction.
      if (turn % 2 === 0) await Promise.resolve();
      else await looking;
    }
    await wait();
    expect(new Set(found)).toEqual(new Set([2]));
  });

  test("a membership event with an unknown field is a problem and changes no member (R6, R10)", async () => {
    const { receiver, log, problems, items, wait } = await setUp();
    const relay = new LogDouble();
    const created = relay.created();
    receiver.deliver(created);
    receiver.deliver(relay.unusual(concat(created.ciphertext, Uint8Array.of(0x7a, 1, 7))));
    await wait();
    expect(problems).toEqual([]);
    expect((await items()).at(-1)).toMatchObject({ kind: "problem", code: "malformed_event" });
    expect(log.state).toMatchObject({ seq: 2, epoch: 1 });
  });

  test("an own message that is both answered and delivered is shown once", async () => {
    const { receiver, recorded, problems, queue, items, wait } = await setUp();
    const relay = new LogDouble();
    const [created, first] = [relay.created(), relay.message(...(await queue("one")))];
    receiver.deliver(created);
    receiver.accepted(acceptedOf(first));
    await wait();
    receiver.deliver(first);
    receiver.accepted(acceptedOf(first));
    await wait();

    expect(recorded).toEqual([1, 2]);
    expect(problems).toEqual([]);
    expect((await items()).length).toBe(2);
  });

  test("another connection delivers unrecorded events again, and changes nothing else (R23)", async () => {
    let reachable = false;
    const lookUp = () =>
      reachable
        ? Promise.resolve([] as const)
        : Promise.reject(new SealdeskError("network", "not reached"));
    const { receiver, recorded, log, wait } = await setUp(lookUp);
    const created = new LogDouble().created();
    receiver.deliver(created);
    await wait();
    expect(log.cursor).toBe(0);
    await receiver.reset();
    reachable = true;
    receiver.deliver(created);
    await wait();
    expect(recorded).toEqual([1]);
  });

  test("waits for the server to say whose devices are listed", async () => {
    let asked = 0;
    const lookUp = () =>
      ++asked < 3
        ? Promise.reject(new SealdeskError("server_error", "later"))
        : Promise.resolve([] as const);
    const { receiver, recorded, clock, wait } = await setUp(lookUp);
    receiver.deliver(new LogDouble().created());
    await wait();
    await clock.pass(1_000);
    await clock.pass(1_000);
    await wait();
    expect([asked, recorded]).toEqual([3, [1]]);
  });

  test("a missing event asks for another connection and is named (R3)", async () => {
    const { receiver, recorded, problems, recycled, queue, wait } = await setUp();
    const relay = new LogDouble();
    const created = relay.created();
    relay.message(...(await queue("withheld")));
    const closed = relay.closed();
    receiver.deliver(created);
    receiver.deliver(closed);
    await wait();
    await receiver.reset();
    receiver.deliver(closed);
    await wait();

    expect(recorded).toEqual([1]);
    expect(problems).toEqual([{ kind: "problem", seq: 2, code: "missing_event" }]);
    expect(recycled()).toBe(2);
  });

  test("an own message that this device never wrote is a problem and not a message (R18)", async () => {
    const { receiver, problems, items, wait } = await setUp();
    const relay = new LogDouble();
    receiver.deliver(relay.created());
    receiver.deliver(
      relay.message(newId(), {
        epoch: 1,
        keyId: uuidv7(),
        ciphertext: randomBytes(64),
        commitment: randomBytes(32),
        packets: [],
      }),
    );
    await wait();
    expect(problems).toEqual([]);
    expect((await items()).at(-1)).toMatchObject({
      kind: "problem",
      seq: 2,
      code: "unknown_own_message",
    });
  });

  test("missing events are shown as a gap, and the chain starts again after it (R20, R22)", async () => {
    const { receiver, recorded, gaps, problems, items, queue, wait } = await setUp();
    const relay = new LogDouble();
    const created = relay.created();
    const own = async (text: string) => relay.message(...(await queue(text)));
    const [, , third, fourth, fifth] = [
      created,
      await own("b"),
      await own("c"),
      await own("d"),
      await own("e"),
    ];
    if (third === undefined || fourth === undefined || fifth === undefined) throw new Error();
    receiver.deliver(created);
    receiver.gap({ conversation, from: 2, to: 3, reason: "purged" });
    await wait();
    expect(gaps).toEqual([3]);
    await receiver.reset();
    // The connection was lost before the acknowledgement arrived. The gap is reported again and
    // already known.
    receiver.gap({ conversation, from: 2, to: 3, reason: "purged" });
    receiver.deliver(fourth);
    receiver.deliver(fifth);
    await wait();

    expect([gaps, recorded, problems]).toEqual([[3, 3], [1, 4, 5], []]);
    const shown = (await items()).map((item) => ("text" in item ? item.text : item));
    expect(shown.slice(1)).toEqual([
      { kind: "gap", seq: 3, from: 2, to: 3, reason: "purged" },
      "d",
      "e",
    ]);
  });

  test("a gap further ahead means that an event before it is missing (R21)", async () => {
    const { receiver, gaps, problems, recycled, wait } = await setUp();
    const relay = new LogDouble();
    receiver.deliver(relay.created());
    receiver.gap({ conversation, from: 4, to: 6, reason: "purged" });
    await wait();
    expect(gaps).toEqual([]);
    expect(problems).toEqual([{ kind: "problem", seq: 2, code: "missing_event" }]);
    expect(recycled()).toBe(1);
  });

  test("the hash after a gap must match the event after it (R4)", async () => {
    const { receiver, recorded, problems, queue, wait } = await setUp();
    const relay = new LogDouble();
    receiver.deliver(relay.created());
    relay.message(...(await queue("gone")));
    const next = relay.message(...(await queue("next")));
    receiver.gap({ conversation, from: 2, to: 2, reason: "purged" });
    receiver.deliver({ ...next, transcriptHash: randomBytes(32) });
    await wait();
    expect(recorded).toEqual([1]);
    expect(problems).toMatchObject([{ seq: 3, code: "forked_log" }]);
  });
});
