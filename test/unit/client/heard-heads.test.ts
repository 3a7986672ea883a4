import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { HeardHeads, type UnconfirmedHead } from "../../../client/key-log/heard-heads.ts";
import { addWaiting, loadWaiting } from "../../../client/key-log/waiting-heads.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { KeyLogHead } from "../../../crypto/wire/payload.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const hour = 3_600_000;
const headOf = (size: number): KeyLogHead => ({
  size,
  root: randomBytes(32),
  signature: randomBytes(64),
  restores: 0,
});
type Answer = "proof" | "key_log_inconsistent" | "network" | "request_refused" | "forbidden";

async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const time = { nowMs: 10 * hour };
  const server = { answer: "network" as Answer, asked: 0, silentAbout: -1 };
  const alarms: UnconfirmedHead[] = [];
  const application = { listens: true };
  const process = () =>
    new HeardHeads({
      store,
      localClock: { now: () => time.nowMs },
      async compare({ size }) {
        server.asked++;
        const answer = size === server.silentAbout ? "network" : server.answer;
        if (answer !== "proof") throw new SealdeskError(answer, "The server does not prove it.");
      },
      onUnconfirmed(unconfirmed) {
        if (application.listens) alarms.push(unconfirmed);
        return application.listens;
      },
    });
  const hear = (head: KeyLogHead, from: UserId) =>
    store.transact((transaction) => addWaiting(transaction, head, from, time.nowMs));
  const waiting = async () => (await store.read(loadWaiting)).map(({ head }) => head.size);
  return { time, server, alarms, application, process, hear, waiting };
}

test.each(["network", "request_refused", "forbidden"] as const)(
  "a head that the server answers with %s waits over a restart, and is reported once after an hour",
  async (answer) => {
    const { time, server, alarms, process, hear, waiting } = await setUp();
    server.answer = answer;
    const from = newId<UserId>();
    await hear(headOf(7), from);
    await process().compareNew();
    time.nowMs += hour - 1;
    await process().retry();
    expect(alarms).toEqual([]);
    time.nowMs += 1;
    const restarted = process();
    await restarted.retry();
    await restarted.retry();
    expect(alarms).toEqual([{ from, size: 7, sinceMs: 10 * hour }]);
    expect(await waiting()).toEqual([7]);
  },
);

test.each(["proof", "key_log_inconsistent"] as const)("%s ends the wait", async (answer) => {
  const { time, server, alarms, process, hear, waiting } = await setUp();
  await hear(headOf(7), newId<UserId>());
  server.answer = answer;
  await process().compareNew();
  time.nowMs += 2 * hour;
  await process().retry();
  expect([alarms, await waiting()]).toEqual([[], []]);
});

test("an application that does not listen yet is told when it does", async () => {
  const { time, alarms, application, process, hear } = await setUp();
  await hear(headOf(7), newId<UserId>());
  application.listens = false;
  time.nowMs += hour;
  const heads = process();
  await heads.retry();
  application.listens = true;
  await heads.tell();
  await heads.tell();
  expect(alarms).toHaveLength(1);
});

test("one head without an answer holds up no other", async () => {
  const { server, process, hear, waiting } = await setUp();
  for (const size of [1, 2, 3]) await hear(headOf(size), newId<UserId>());
  Object.assign(server, { answer: "proof", silentAbout: 1 });
  await process().compareNew();
  expect(await waiting()).toEqual([1]);
});

test("a further head is no reason to ask again about all that wait", async () => {
  const { server, process, hear } = await setUp();
  const heads = process();
  for (let size = 1; size <= 20; size++) {
    await hear(headOf(size), newId<UserId>());
    await heads.compareNew();
  }
  expect(server.asked).toBe(20);
});

test("a member whose heads are not proved takes no place from another member", async () => {
  const { process, hear, waiting } = await setUp();
  const mallory = newId<UserId>();
  for (let size = 1; size <= 100; size++) await hear(headOf(size), mallory);
  await hear(headOf(500), newId<UserId>());
  await process().compareNew();
  expect(await waiting()).toEqual([1, 2, 3, 4, 500]);
});

test("a clock that was set back does not keep a head waiting in silence", async () => {
  const { time, alarms, process, hear } = await setUp();
  await hear(headOf(7), newId<UserId>());
  time.nowMs -= hour;
  await process().retry();
  expect(alarms).toHaveLength(1);
});
