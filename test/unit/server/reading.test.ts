import { jest } from "@jest/globals";
import { FrameLimits } from "../../../server/socket/frame-limits.ts";
import { Reading } from "../../../server/socket/reading.ts";
import { SpacedCalls } from "../../../server/socket/spaced-calls.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { NodeLimits } from "../../../policies/tenant-limits.ts";

const OFTEN = { burst: 1e9, perSecond: 1e9 };
const sender = (user: string, tenant = "t") => ({
  tenant: idOf<TenantId>(tenant),
  user: idOf<UserId>(user),
});

test("an account that sends too many frames or bytes is read from later, and no other account", () => {
  let nowMs = 0;
  const rates = {
    frames: { burst: 10, perSecond: 10 },
    bytes: { burst: 1_000, perSecond: 100 },
    tenantBytes: OFTEN,
  };
  const limits = new FrameLimits(
    rates,
    () => ({}),
    () => nowMs,
  );
  for (let frame = 0; frame < 10; frame++) expect(limits.count(sender("a"), 8)).toBe(0);
  expect(limits.count(sender("a"), 8)).toBe(100);
  expect(limits.count(sender("b"), 1_200)).toBe(2_000);
  expect(limits.count(sender("c"), 1_000)).toBe(0);
  nowMs = 2_000;
  expect(limits.count(sender("a"), 8)).toBe(0);
  expect(limits.count(sender("b"), 0)).toBe(0);
});

test("the bytes of a tenant's accounts count together, by the rate that an operator has set last", () => {
  const set = new Map<string, NodeLimits>();
  const rates = {
    frames: OFTEN,
    bytes: OFTEN,
    tenantBytes: { burst: 1_000, perSecond: 100 },
  };
  const limits = new FrameLimits(
    rates,
    (tenant) => set.get(tenant) ?? {},
    () => 0,
  );
  expect(limits.count(sender("a"), 1_000)).toBe(0);
  expect(limits.count(sender("b"), 100)).toBe(1_000);
  expect(limits.count(sender("c", "other"), 1_000)).toBe(0);
  set.set(sender("a").tenant, { bytes: { burst: 5_000, perSecond: 100 } });
  expect(limits.count(sender("b"), 5_000)).toBe(0);
  expect(limits.count(sender("a"), 10)).toBe(100);
});

test("a channel is read from when nothing speaks against it any more", () => {
  jest.useFakeTimers();
  const calls: string[] = [];
  const channel = {
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
  };
  const reading = new Reading(
    channel,
    () => undefined,
    (call) => call(),
  );
  reading.pauseFor(100);
  reading.pause();
  jest.advanceTimersByTime(100);
  expect([reading.paused, calls]).toEqual([true, ["pause"]]);
  reading.resume();
  expect([reading.paused, calls]).toEqual([false, ["pause", "resume"]]);
  reading.pauseFor(100);
  jest.advanceTimersByTime(50);
  reading.pauseFor(100);
  jest.advanceTimersByTime(99);
  expect(reading.paused).toBe(true);
  jest.advanceTimersByTime(1);
  expect(reading.paused).toBe(false);
  reading.hold();
  reading.pause();
  reading.resume();
  expect(reading.paused).toBe(true);
  reading.release();
  expect(reading.paused).toBe(false);
  reading.pauseFor(100);
  reading.end();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

test("frames that were read together with the one that causes a pause wait, in order", () => {
  let resumed = 0;
  const taken: string[] = [];
  const channel = { pause: () => undefined, resume: () => void resumed++ };
  const onFrame = (frame: Uint8Array) => {
    taken.push(Buffer.from(frame).toString());
    if (taken.length % 2 === 0) reading.pause();
  };
  const reading: Reading = new Reading(channel, onFrame, (call) => call());
  for (const frame of ["one", "two", "", "four", "f".repeat(1_000)])
    reading.take(Buffer.from(frame));
  expect([taken, resumed]).toEqual([["one", "two"], 0]);
  reading.resume();
  expect([taken, resumed]).toEqual([["one", "two", "", "four"], 0]);
  reading.take(Buffer.from("six"));
  reading.resume();
  expect(taken.slice(4)).toEqual(["f".repeat(1_000), "six"]);
  expect([reading.paused, resumed]).toEqual([true, 0]);
  reading.resume();
  expect([reading.paused, resumed]).toEqual([false, 1]);
  reading.pause();
  reading.take(Buffer.from("dropped"));
  reading.end();
  reading.resume();
  expect(taken).toHaveLength(6);
});

test("sockets that sent too much are read from again one after another, and tenants take turns", () => {
  jest.useFakeTimers();
  const spaced = new SpacedCalls(40);
  const resumed: string[] = [];
  const open = (tenant: TenantId, name: string): Reading =>
    new Reading(
      { pause: () => undefined, resume: () => void resumed.push(name) },
      () => undefined,
      (call) => spaced.add({ tenant, account: name }, call),
    );
  const flood = ["a", "b", "c", "d"].map((name) => open(idOf("flooding"), name));
  const honest = open(idOf("honest"), "e");
  for (const reading of [...flood, honest]) reading.pauseFor(10);
  jest.advanceTimersByTime(10);
  expect(resumed).toEqual(["a"]);
  jest.advanceTimersByTime(80);
  expect(resumed).toEqual(["a", "b", "e"]);
  // What happens while a socket waits for its turn counts.
  flood[2]?.pauseFor(1_000);
  flood[3]?.end();
  jest.advanceTimersByTime(200);
  expect(resumed).toEqual(["a", "b", "e"]);
  jest.advanceTimersByTime(1_000);
  expect(resumed).toEqual(["a", "b", "e", "c"]);
  jest.useRealTimers();
});
