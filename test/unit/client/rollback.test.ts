import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { deferred } from "../../../client/deferred.ts";
import { recoveryWaitMs } from "../../../client/rollback/limit.ts";
import { Rollback } from "../../../client/rollback/rollback.ts";
import { Soundness } from "../../../client/rollback/soundness.ts";
import { systemClock } from "../../../client/runtime.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const hour = 3_600_000;
const conversation = idOf<ConversationId>("0198a000-0000-7000-8000-000000000001");
const newStore = () =>
  DeviceStore.open(new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }), randomBytes(32));

test("keys are replaced six times an hour at most", () => {
  expect(recoveryWaitMs([], 10 * hour)).toBe(0);
  expect(recoveryWaitMs([1, 2, 3, 4, 5], 6)).toBe(0);
  expect(recoveryWaitMs([0, 1, 2, 3, 4, 5], 6)).toBe(hour - 6);
  expect(recoveryWaitMs([0, 1, 2, 3, 4, 5], hour)).toBe(0);
  // The clock went back.
  expect(recoveryWaitMs([hour, hour, hour, hour, hour, hour], 5)).toBe(0);
});

test("a generation is never sent twice, also after a restart", async () => {
  const store = await newStore();
  const rollback = await Rollback.load(store);
  expect(await rollback.nextGeneration()).toBe(1);
  expect(rollback.isOlder(0)).toBe(false);
  expect(rollback.isOlder(1)).toBe(true);
  const restarted = await Rollback.load(store);
  expect(await restarted.nextGeneration()).toBe(2);
});

test("a finding stays pending over a restart, and grows with later findings", async () => {
  const store = await newStore();
  const rollback = await Rollback.load(store);
  await rollback.nextGeneration();
  await rollback.found([{ conversation, after: 3, to: 5 }], 4);
  const restarted = await Rollback.load(store);
  expect(restarted.pending).toBe(true);
  await restarted.found([{ conversation, after: 4, to: 7 }], 0);
  expect([3, 4, 7, 8].map((seq) => restarted.isUnseen(conversation, seq))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const committed = await store.transact(async (tx) => restarted.finished(tx, 2, 100));
  committed();
  expect(restarted.pending).toBe(false);
  expect(restarted.untold).toBe(2);
  expect(restarted.recoveries).toEqual([100]);
  // Out of reach of a copy that heard of nothing, however often that one connects.
  expect(await restarted.nextGeneration()).toBeGreaterThan(2 ** 20);
});

test("a server's claims do not use generations up", async () => {
  const rollback = await Rollback.load(await newStore());
  await rollback.found([], Number.MAX_SAFE_INTEGER);
  const first = await rollback.nextGeneration();
  await rollback.found([], Number.MAX_SAFE_INTEGER);
  // A claim costs the server one connection: thousands of them must not reach 2 ** 53.
  expect((await rollback.nextGeneration()) - first).toBeLessThan(2 ** 21);
});

test("no message is sent after a sign of a rollback is seen, before it is in the store", async () => {
  const calls: string[] = [];
  const rollback = await Rollback.load(await newStore());
  await rollback.nextGeneration();
  const recycled = deferred<void>();
  const soundness = new Soundness({
    rollback,
    clock: systemClock,
    signal: new AbortController().signal,
    cursorOf: () => 3,
    replaceKeys: () => Promise.resolve(),
    onSuspect: () => calls.push("suspect"),
    onOlder: () => recycled.resolve(),
    onSound: () => calls.push("sound"),
    onFailure: (error) => recycled.reject(error),
  });
  soundness.begin({ heads: [], lastGeneration: 0 });
  soundness.sawUnknown(conversation, 4);
  expect(calls).toEqual(["sound", "suspect"]);
  expect(rollback.pending).toBe(false);
  await recycled.promise;
  expect(rollback.pending).toBe(true);
});
