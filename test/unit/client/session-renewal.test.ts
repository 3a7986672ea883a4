import { ownDevice, peer, setUp, wait } from "./sending.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { SessionRenewal } from "../../../client/conversation/session-renewal.ts";
import { SuiteError, type PreKeyBundle } from "../../../crypto/device/suite.ts";

const hour = 3_600_000;
const refused = () => Promise.reject(new SealdeskError("rate_limited", "", { retryAfterMs: hour }));

/** A sender that writes a message under a new key whenever the test says so. */
async function setUpWriting(takeBundle?: () => Promise<PreKeyBundle>) {
  const writing = await setUp(takeBundle);
  const { sender, sent, suite, store } = writing;
  let seq = 1;
  const write = async () => {
    await store.transact((transaction) =>
      suite.rotate(transaction, sent[0]?.conversation as never),
    );
    suite.seen.length = 0;
    const outcome = sender.send("hello");
    await wait();
    const { clientMessageId: id, packets } = sent.at(-1)!;
    sender.recorded({ id, seq: ++seq, receivedAtMs: 0 });
    await outcome;
    return packets.map(({ device, bytes }) => [device, bytes.length]);
  };
  return { ...writing, write };
}

describe("a stale session", () => {
  test("is renewed from a bundle before a new key is sent in it, once", async () => {
    const { suite, clock, write } = await setUpWriting();
    suite.staleSinceMs = clock.now();
    expect(await write()).toEqual([[peer, 8]]);
    expect(suite.seen).toEqual(["establish true"]);
    expect(await write()).toEqual([[peer, 8]]);
    expect(suite.seen).toEqual([]);
  });

  test.each([
    ["the relay refuses the bundle", refused],
    ["the server is not there", () => Promise.reject(new SealdeskError("network", ""))],
    [
      "the device has no prekeys",
      () => Promise.reject(new SealdeskError("request_refused", "", { problem: "no_prekeys" })),
    ],
    [
      "the bundle is of another device",
      () => Promise.resolve({ device: ownDevice } as PreKeyBundle),
    ],
  ])(
    "delays no message if %s, and is told of a day after the first failure",
    async (_name, answer) => {
      let asked = 0;
      const { suite, clock, overdue, unreachable, write } = await setUpWriting(() => {
        asked++;
        return answer();
      });
      const sinceMs = clock.now();
      suite.staleSinceMs = sinceMs;
      await clock.pass(12 * hour);
      for (let turn = 0; turn < 3; turn++) expect(await write()).toEqual([[peer, 8]]);
      expect(asked).toBe(1);
      await clock.pass(hour / 4);
      await write();
      expect(asked).toBe(2);
      expect(overdue).toEqual([]);
      await clock.pass(24 * hour);
      for (let turn = 0; turn < 3; turn++) {
        await clock.pass(hour);
        expect(await write()).toEqual([[peer, 8]]);
      }
      expect(overdue).toEqual([{ device: peer, sinceMs, reason: "no_bundle" }]);
      expect(unreachable).toEqual([]);
    },
  );

  test("is not told of after days without messages and one failure", async () => {
    const { suite, clock, overdue, write } = await setUpWriting(refused);
    suite.staleSinceMs = clock.now();
    await clock.pass(72 * hour);
    expect(await write()).toEqual([[peer, 8]]);
    expect(overdue).toEqual([]);
    await clock.pass(24 * hour);
    await write();
    expect(overdue).toHaveLength(1);
  });

  test("is told of at once, and once, if the bundle is of another identity", async () => {
    const { suite, clock, overdue, write } = await setUpWriting(() =>
      Promise.reject(new SuiteError("untrusted_identity", "", { devices: [peer] })),
    );
    const sinceMs = clock.now();
    suite.staleSinceMs = sinceMs;
    for (let turn = 0; turn < 3; turn++) {
      expect(await write()).toEqual([[peer, 8]]);
      await clock.pass(hour);
    }
    expect(overdue).toEqual([{ device: peer, sinceMs, reason: "other_identity" }]);
  });

  test("that was told of is told of again if it becomes stale once more", async () => {
    let answer: () => Promise<PreKeyBundle> = refused;
    const { suite, clock, overdue, write } = await setUpWriting(() => answer());
    for (let time = 1; time <= 2; time++) {
      answer = refused;
      suite.staleSinceMs = clock.now();
      await write();
      expect(overdue).toHaveLength(time - 1);
      await clock.pass(24 * hour);
      await write();
      expect(overdue).toHaveLength(time);
      answer = () => Promise.resolve({ device: peer } as PreKeyBundle);
      await clock.pass(hour);
      await write();
      expect(suite.seen).toEqual(["establish true"]);
    }
  });

  test("that several conversations share takes one bundle", async () => {
    const { store, suite, clock } = await setUp();
    let asked = 0;
    const takeBundle = async () => {
      asked++;
      await wait();
      return { device: peer } as PreKeyBundle;
    };
    const renewal = new SessionRenewal({
      store,
      suite,
      api: { takeBundle },
      localClock: clock,
      onOverdue: () => undefined,
    });
    suite.staleSinceMs = clock.now();
    await Promise.all([renewal.renew([peer]), renewal.renew([peer])]);
    await renewal.renew([peer]);
    expect(asked).toBe(1);
    expect(renewal.postponed).toEqual([]);
  });

  test("does not keep a message waiting for more than five seconds, even with 40 devices", async () => {
    const { store, suite, clock } = await setUp();
    const devices = Array.from({ length: 40 }, () => newId<DeviceId>());
    const asked: DeviceId[] = [];
    const renewal = new SessionRenewal({
      store,
      suite,
      api: {
        takeBundle(device) {
          asked.push(device);
          return new Promise<never>(() => undefined);
        },
      },
      localClock: clock,
      onOverdue: () => undefined,
    });
    suite.staleSinceMs = clock.now();
    let isDone = false;
    const renewing = renewal.renew(devices).then(() => (isDone = true));
    await wait();
    expect(asked).toEqual(devices.slice(0, 8));
    await clock.pass(4_999);
    expect(isDone).toBe(false);
    await clock.pass(1);
    await renewing;
    expect(asked).toHaveLength(8);
    expect(renewal.postponed).toEqual(devices);
    await clock.pass(15 * 60_000 - 1);
    expect(renewal.postponed).toEqual(devices);
    await clock.pass(1);
    expect(renewal.postponed).toEqual([]);
    expect(clock.waiting).toBe(0);
  });

  test("that fails early is postponed for as long as the others of its batch", async () => {
    const { store, suite, clock } = await setUp();
    const [refusing, hanging] = [newId<DeviceId>(), newId<DeviceId>()];
    const renewal = new SessionRenewal({
      store,
      suite,
      api: {
        takeBundle: (device) =>
          device === refusing ? refused() : new Promise<never>(() => undefined),
      },
      localClock: clock,
      onOverdue: () => undefined,
    });
    suite.staleSinceMs = clock.now();
    const renewing = renewal.renew([refusing, hanging]);
    await wait();
    await clock.pass(5_000);
    await renewing;
    await clock.pass(15 * 60_000 - 1);
    expect(renewal.postponed).toEqual([refusing, hanging]);
    await clock.pass(1);
    expect(renewal.postponed).toEqual([]);
  });
});
