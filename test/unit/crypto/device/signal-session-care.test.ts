/** What happens to sessions when clocks jump, stores fail, or first messages come late or cross. */
import { describe, expect, test } from "@jest/globals";
import {
  delivery,
  newBundle,
  newRoom,
  nowMs,
  open,
  seal,
  type Room,
  type TestDevice,
} from "./devices.ts";
import { hour, rotate, rotateAndSeal, sealTo, stale, twoInSession } from "./renewing.ts";

const day = 24 * hour;

const record = (device: TestDevice, name: string) => device.store.read((tx) => tx.get(name));

const formerSessions = (device: TestDevice) =>
  device.transact((tx) => tx.keys("signal!former-session!"));

const createPreKeys = (device: TestDevice, atMs: number) =>
  device.transact((tx) => device.suite.createPreKeys(tx, { oneTime: 0, nowMs: atMs }));

const noteUnrenewed = (from: TestDevice, to: TestDevice, atMs: number) =>
  from.transact((tx) => from.suite.noteUnrenewed(tx, [to.id], atMs));

/** Renews the session of `from` with `to` and opens the first message in it. */
async function renew(from: TestDevice, to: TestDevice, room: Room, atMs: number): Promise<void> {
  const sealed = await rotateAndSeal(from, [to], room, atMs);
  expect(await open(to, delivery(from, to, room, sealed, atMs))).toBe("hello");
}

/** Sends a new key in the session that exists. */
async function send(from: TestDevice, to: TestDevice, room: Room, atMs: number): Promise<void> {
  await rotate(from, room);
  const sealed = await sealTo(from, [to], room, atMs);
  expect(await open(to, delivery(from, to, room, sealed, atMs))).toBe("hello");
}

test("a message that could not be read from the disk opens when the disk works again", async () => {
  const [a, b, room] = await twoInSession();
  await renew(a, b, room, nowMs + 12 * hour);
  await send(b, a, room, nowMs + 12 * hour);
  await rotate(a, room);
  const request = delivery(a, b, room, await sealTo(a, [b], room, nowMs + 12 * hour));
  expect(await formerSessions(b)).toHaveLength(1);
  await b.restart();
  b.level.unreadable = `signal!session!${a.id}`;
  await expect(open(b, request)).rejects.toThrow("disk unreadable");
  b.level.unreadable = undefined;
  expect(await open(b, request)).toBe("hello");
});

describe("a first message that the relay held back for weeks", () => {
  test("opens, and does not replace the session to send in", async () => {
    const [a, b, room] = await twoInSession();
    const another = newRoom();
    const held = await rotateAndSeal(a, [b], another, nowMs + 12 * hour);
    for (const hours of [24, 36]) await renew(a, b, room, nowMs + hours * hour);
    const session = await record(b, `signal!session!${a.id}`);
    const atMs = nowMs + 20 * day;
    expect(await stale(b, [a], atMs)).toEqual([a.id]);
    expect(await open(b, delivery(a, b, another, held, atMs))).toBe("hello");
    expect(await record(b, `signal!session!${a.id}`)).toEqual(session);
    expect(await stale(b, [a], atMs)).toEqual([a.id]);
    await renew(b, a, room, atMs);
  });

  test("begins the session to send in if there is none", async () => {
    const [a, b, room] = await twoInSession();
    const held = await rotateAndSeal(a, [b], room, nowMs + 12 * hour);
    for (const hours of [24, 36]) await createPreKeys(b, nowMs + hours * hour);
    await b.transact(async (tx) => tx.delete(`signal!session!${a.id}`));
    const atMs = nowMs + 20 * day;
    expect(await open(b, delivery(a, b, room, held, atMs))).toBe("hello");
    await send(b, a, room, atMs);
  });
});

test("renewals that cross make no fresh exchange, and the next renewal does", async () => {
  const [a, b, room] = await twoInSession();
  const crossedMs = nowMs + 13 * hour;
  const [fromA, fromB] = [
    await rotateAndSeal(a, [b], room, crossedMs),
    await rotateAndSeal(b, [a], room, crossedMs),
  ];
  await open(a, delivery(b, a, room, fromB, crossedMs));
  await open(b, delivery(a, b, room, fromA, crossedMs));
  for (const hours of [1, 2, 3]) {
    await send(a, b, room, crossedMs + hours * hour);
    await send(b, a, room, crossedMs + hours * hour);
  }
  const nextMs = crossedMs + 12 * hour;
  expect(await stale(a, [b], nextMs)).toEqual([b.id]);
  await renew(a, b, room, nextMs);
  await send(b, a, room, nextMs + 6 * hour);
  await send(a, b, room, nextMs + 6 * hour);
  expect(await stale(a, [b], nextMs + 17 * hour)).toEqual([]);
  expect(await stale(b, [a], nextMs + 17 * hour)).toEqual([]);
});

test("a session of unknown age stays stale until it is renewed, whatever the peer sends", async () => {
  const [a, b, room] = await twoInSession();
  await b.transact(async (tx) => tx.delete(`signal!sending-chain!${a.id}`));
  await rotate(a, room);
  await open(b, delivery(a, b, room, await seal(a, [b], room)));
  expect(await stale(b, [a], nowMs)).toEqual([a.id]);
  await renew(b, a, room, nowMs);
  expect(await stale(b, [a], nowMs)).toEqual([]);
});

describe("a failed renewal", () => {
  test("is counted from the first failure until a fresh exchange", async () => {
    const [a, b, room] = await twoInSession();
    expect(await noteUnrenewed(a, b, nowMs)).toEqual([]);
    const failedMs = nowMs + 72 * hour;
    for (const laterMs of [0, hour, 24 * hour])
      expect(await noteUnrenewed(a, b, failedMs + laterMs)).toEqual([
        { device: b.id, sinceMs: nowMs, failingSinceMs: failedMs },
      ]);
    await renew(a, b, room, failedMs + 25 * hour);
    const againMs = failedMs + 40 * hour;
    expect(await noteUnrenewed(a, b, againMs)).toMatchObject([{ failingSinceMs: againMs }]);
  });

  test("is counted from now if the clock was set back", async () => {
    const [a, b] = await twoInSession();
    await noteUnrenewed(a, b, nowMs + 72 * hour);
    expect(await noteUnrenewed(a, b, nowMs + 48 * hour)).toMatchObject([
      { failingSinceMs: nowMs + 48 * hour },
    ]);
    expect(await noteUnrenewed(a, b, nowMs - hour)).toEqual([
      { device: b.id, sinceMs: 0, failingSinceMs: nowMs - hour },
    ]);
  });
});

describe("former sessions", () => {
  test("that a clock ahead put aside are deleted 30 days after it was set right", async () => {
    const [a, b, room] = await twoInSession();
    await rotate(b, room);
    const late = await sealTo(b, [a], room, nowMs);
    for (const _ of [1, 2]) {
      const bundle = await newBundle(b);
      await a.transact((tx) => a.suite.establish(tx, bundle, nowMs + 400 * day));
    }
    expect(await formerSessions(a)).toHaveLength(2);
    await createPreKeys(a, nowMs + hour);
    expect(await formerSessions(a)).toHaveLength(2);
    expect(await open(a, delivery(b, a, room, late, nowMs + hour))).toBe("hello");
    await createPreKeys(a, nowMs + 30 * day);
    expect(await formerSessions(a)).toHaveLength(2);
    await createPreKeys(a, nowMs + 31 * day);
    expect(await formerSessions(a)).toEqual([]);
  });

  test("are not listed every hour", async () => {
    const [a] = await twoInSession();
    await createPreKeys(a, nowMs);
    a.level.reset();
    for (let hours = 1; hours <= 11; hours++) await createPreKeys(a, nowMs + hours * hour);
    expect(a.level.listings).toBe(0);
    await createPreKeys(a, nowMs + 12 * hour);
    expect(a.level.listings).toBe(1);
  });
});
