/** A relay that does not keep an own message as this device sealed it: the sender is told, too. */
import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import {
  getEntry,
  putEntry,
  unsealedEntry,
  withSealing,
} from "../../../client/conversation/outbox.ts";
import type { Deliver } from "../../../crypto/wire/frame.ts";
import type { DeviceId, MessageId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { acceptedOf, conversation, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";

/** A device that sealed a message, and a log that has it with changes. */
async function withLogged(changes: Partial<Deliver>, unseen = false) {
  const device = await setUp(undefined, unseen);
  const relay = new LogDouble();
  device.receiver.deliver(relay.created());
  await device.wait();
  const [id, sealing] = await device.queue("as I wrote it");
  return { ...device, id, relay, event: relay.message(id, sealing, changes) };
}

const changed: readonly (readonly [name: string, changes: Partial<Deliver>])[] = [
  ["ciphertext", { ciphertext: randomBytes(64) }],
  ["commitment", { commitment: randomBytes(32) }],
  ["epoch", { epoch: 2 }],
  ["key id", { keyId: uuidv7() }],
];

describe("an own message that the log holds differently", () => {
  test.each(changed)("is a problem and not shown: another %s", async (_name, changes) => {
    for (const unseen of [false, true]) {
      const { receiver, event, id, told, items, wait } = await withLogged(changes, unseen);
      receiver.deliver(event);
      await wait();
      const shown = await items();
      expect(shown.map(({ kind }) => kind)).toEqual(["created", "problem"]);
      expect(shown[1]).toMatchObject({ seq: 2, code: "own_message_altered", message: id });
      expect(told).toEqual([]);
    }
  });

  test("is a problem and not shown: another sending device", async () => {
    const { receiver, event, id, items, wait } = await withLogged({
      senderDevice: newId<DeviceId>(),
    });
    receiver.deliver(event);
    await wait();
    const problem = (await items()).find(({ kind }) => kind === "problem");
    expect(problem).toMatchObject({ code: "own_message_altered" });
    expect(event.clientMessageId).toBe(id);
  });

  test("is a problem and not shown: another id", async () => {
    const clientMessageId = newId<MessageId>();
    const { receiver, event, items, wait } = await withLogged({ clientMessageId });
    receiver.deliver(event);
    await wait();
    expect((await items()).at(-1)).toMatchObject({
      code: "unknown_own_message",
      message: clientMessageId,
    });
  });

  test("is a problem after a restart, too: what was sealed is in the store", async () => {
    const { receiver, event, items, wait } = await withLogged({ commitment: randomBytes(32) });
    await receiver.reset();
    receiver.deliver(event);
    await wait();
    expect((await items()).at(-1)).toMatchObject({ code: "own_message_altered" });
  });
});

test("an own message is shown if the log holds any sealing of it", async () => {
  const { receiver, store, queue, told, problems, recycled, items, wait } = await setUp();
  const relay = new LogDouble();
  receiver.deliver(relay.created());
  await wait();
  const [id, first] = await queue("hello");
  await store.transact(async (transaction) => {
    const entry = await getEntry(transaction, conversation, id);
    const second = { ...first, ciphertext: randomBytes(64), commitment: randomBytes(32) };
    putEntry(transaction, conversation, id, withSealing(entry!, second, entry!.franked[0]!));
  });
  const event = relay.message(id, first);
  receiver.accepted(acceptedOf(event));
  await wait();
  expect([problems, recycled()]).toEqual([[], 1]);
  receiver.deliver(event);
  await wait();
  expect((await items()).at(-1)).toMatchObject({ kind: "message", text: "hello" });
  expect(told).toEqual([id]);
});

test("an answer with a hash of nothing that was sealed is a problem, and another connection is made (R19)", async () => {
  const { receiver, event, id, problems, recycled, items, wait } = await withLogged({});
  receiver.accepted({ ...acceptedOf(event), transcriptHash: randomBytes(32) });
  await wait();
  expect(problems).toMatchObject([{ seq: 2, code: "forked_log", message: id }]);
  expect(recycled()).toBe(1);
  receiver.deliver(event);
  await wait();
  expect((await items()).at(-1)).toMatchObject({ kind: "message", text: "as I wrote it" });
});

test("an own message whose franking tag changes is a problem: nobody could report it (R2)", async () => {
  const { receiver, event, id, problems, wait } = await withLogged({});
  receiver.accepted(acceptedOf(event));
  await wait();
  expect(problems).toEqual([]);
  receiver.accepted({ ...acceptedOf(event), frankingTag: randomBytes(32) });
  await wait();
  expect(problems).toMatchObject([{ seq: 2, code: "forked_log", message: id }]);
});

test("an older copy of the store shows what it never sealed, and says that it cannot compare it (R18)", async () => {
  const { receiver, store, items, wait } = await setUp(undefined, true);
  const relay = new LogDouble();
  receiver.deliver(relay.created());
  await wait();
  const id = newId<MessageId>();
  await store.transact(async (transaction) =>
    putEntry(transaction, conversation, id, unsealedEntry({ text: "waited" }, 1)),
  );
  const sealing = { epoch: 1, keyId: uuidv7(), packets: [] };
  const [ciphertext, commitment] = [randomBytes(64), randomBytes(32)];
  receiver.deliver(relay.message(id, { ...sealing, ciphertext, commitment }));
  await wait();
  const shown = await items();
  expect(shown.slice(-2)).toMatchObject([
    { kind: "message", text: "waited" },
    { kind: "problem", code: "own_message_uncompared" },
  ]);
});
