import { MemoryLevel } from "memory-level";
import { outdatePublished } from "../../../client/device/published-keys.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { PreKeyUpkeep } from "../../../client/device/prekeys.ts";
import type { PreKeyUpload } from "../../../crypto/device/suite.ts";
import { randomBytes, ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { signalSuite } from "../../../crypto/device/suites/signal/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

await ready;

const DAY_MS = 86_400_000;
const readKeyLog = () => Promise.resolve();

test("signed prekeys are published again after a week, and after a missing answer", async () => {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const suite = signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 });
  const device = newId<DeviceId>();
  await store.transact((transaction) => suite.createIdentity(transaction, device));
  const clock = new ManualClock();
  const uploads: PreKeyUpload[] = [];
  let reachable = true;
  let checks = 0;
  let looked: () => void = () => undefined;
  const api = {
    countPreKeys: () => Promise.resolve({ preKeys: 100, kyberPreKeys: 100, highestId: 202 }),
    async uploadPreKeys(upload: PreKeyUpload) {
      uploads.push(upload);
      if (reachable) return { preKeys: 100, kyberPreKeys: 100 };
      looked();
      throw new Error("no answer");
    },
    async checkPreKeys() {
      checks++;
      looked();
    },
  };
  const upkeep = new PreKeyUpkeep(
    { store, suite, api: api as never, localClock: clock, readKeyLog },
    device,
    () => {
      throw new Error("a false alarm");
    },
  );
  const look = () =>
    new Promise<void>((resolve) => {
      looked = resolve;
      upkeep.start();
    });

  await look();
  await look();
  expect(uploads).toHaveLength(1);
  upkeep.stop();
  await clock.pass(8 * DAY_MS);
  reachable = false;
  await look();
  reachable = true;
  await look();
  await look();
  const [first, lost, repeated] = uploads.map(({ signedPreKey }) => signedPreKey.id);
  expect(lost).not.toBe(first);
  expect(repeated).toBe(lost);
  expect(uploads).toHaveLength(3);
  expect(checks).toBe(4);
  upkeep.stop();
  await store.close();
});

test("keys of before a backup are replaced without an alarm, if the key log declares the restore", async () => {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const suite = signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 });
  const device = newId<DeviceId>();
  await store.transact((transaction) => suite.createIdentity(transaction, device));
  const uploads: [count: number, replace: boolean][] = [];
  let differs = false;
  let isDeclared = true;
  let alarms = 0;
  let looked: () => void = () => undefined;
  const api = {
    countPreKeys: () => Promise.resolve({ preKeys: 100, kyberPreKeys: 100, highestId: 0 }),
    async uploadPreKeys({ preKeys }: PreKeyUpload, replace: boolean) {
      uploads.push([preKeys.length, replace]);
      differs = false;
      return { preKeys: 100, kyberPreKeys: 100 };
    },
    async checkPreKeys() {
      if (!differs) return looked();
      throw new SealdeskError("request_refused", "They differ.", { problem: "prekeys_differ" });
    },
  };
  const upkeep = new PreKeyUpkeep(
    {
      store,
      suite,
      api: api as never,
      localClock: new ManualClock(),
      readKeyLog: () =>
        isDeclared
          ? store.transact(async (transaction) => outdatePublished(transaction))
          : Promise.reject(new Error("the log contradicts itself")),
    },
    device,
    () => {
      alarms++;
      looked();
    },
  );
  const look = () =>
    new Promise<void>((resolve) => {
      looked = resolve;
      upkeep.start();
    });
  await look();
  differs = true;
  await look();
  expect(uploads.at(-1)).toEqual([100, true]);
  expect(alarms).toBe(0);
  isDeclared = false;
  differs = true;
  await look();
  expect(alarms).toBe(1);
  upkeep.stop();
  await store.close();
});
