/**
 * A thief copies a device's store once. Keys for members that never write are out of the thief's reach
 * after a day, or after 1,000 of them.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { DeviceStore } from "../../../../crypto/device/store.ts";
import type { PreKeyUpload, Sealed, SealToRequest } from "../../../../crypto/device/suite.ts";
import { derivesNextKey } from "../../../support/stolen-store.ts";
import {
  bundleOf,
  connect,
  delivery,
  newBundle,
  newDevice,
  newRoom,
  nowMs,
  open,
  storeKey,
  trust,
  utf8,
  type Room,
  type TestDevice,
} from "./devices.ts";
import { hour, rotate, rotateAndSeal, sealTo, stale, twoInSession } from "./renewing.ts";

/** What somebody has who copied everything on the device's disk, and its key. */
async function copyOf(device: TestDevice): Promise<TestDevice> {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  await level.open();
  const entries = await device.level.inner.iterator().all();
  await level.batch(entries.map(([key, value]) => ({ type: "put", key, value })));
  const store = await DeviceStore.open(level, storeKey);
  return { ...device, store, transact: (work) => store.transact(work) };
}

/** Whether the copy derives the key of the next packet that `from` sends, and so of those after it. */
const readsOn = (thief: TestDevice, from: TestDevice, to: TestDevice, steps: number) =>
  derivesNextKey(thief.store, from.store, to.id, steps);

describe("a copy of the sender's store", () => {
  test("derives what is sent to a silent member for half a day and not longer", async () => {
    const [a, b, room] = await twoInSession();
    const thief = await copyOf(a);
    for (let hours = 1; hours < 12; hours++) {
      const sealed = await rotateAndSeal(a, [b], room, nowMs + hours * hour);
      expect(await open(b, delivery(a, b, room, sealed, nowMs + hours * hour))).toBe("hello");
    }
    expect(await readsOn(await copyOf(a), a, b, 0)).toBe(true);
    expect(await readsOn(thief, a, b, 12)).toBe(true);
    const atMs = nowMs + 12 * hour;
    await rotate(a, room);
    await expect(sealTo(a, [b], room, atMs)).rejects.toMatchObject({
      name: "SuiteError",
      code: "stale_session",
      devices: [b.id],
    });
    const renewed = await rotateAndSeal(a, [b], room, atMs);
    expect(await open(b, delivery(a, b, room, renewed, atMs))).toBe("hello");
    expect(await readsOn(await copyOf(a), a, b, 0)).toBe(true);
    expect(await readsOn(thief, a, b, 24)).toBe(false);
  });

  test("derives no more than 1,000 packets, although the clock stands still", async () => {
    const [a, b, room] = await twoInSession();
    const thief = await copyOf(a);
    let renewedAfter = 0;
    for (; renewedAfter < 1_100; renewedAfter++) {
      if ((await stale(a, [b], nowMs)).length > 0) break;
      await rotateAndSeal(a, [b], room, nowMs);
    }
    expect(renewedAfter).toBe(1_000);
    const renewed = await rotateAndSeal(a, [b], room, nowMs);
    expect(await open(b, delivery(a, b, room, renewed))).toBe("hello");
    expect(await readsOn(thief, a, b, 1_100)).toBe(false);
  });

  test("is useless for a member that answers, without another bundle", async () => {
    const [a, silent, room] = await twoInSession();
    const answering = await newDevice();
    await connect(a, answering);
    const both = [silent, answering];
    const thief = await copyOf(a);
    for (let hours = 1; hours < 12; hours++) {
      const atMs = nowMs + hours * hour;
      const sealed = await rotateAndSeal(a, both, room, atMs);
      for (const to of both) await open(to, delivery(a, to, room, sealed, atMs));
      if (hours % 5 > 0) continue;
      const answer = await rotateAndSeal(answering, [a], room, atMs);
      await open(a, delivery(answering, a, room, answer, atMs));
    }
    expect(await stale(a, both, nowMs + 12 * hour)).toEqual([silent.id]);
    expect(await stale(a, both, nowMs + 22 * hour - 1)).toEqual([silent.id]);
    expect(await readsOn(thief, a, answering, 24)).toBe(false);
    expect(await readsOn(thief, a, silent, 24)).toBe(true);
  });

  test("is not helped by packets of the old session that the relay held back", async () => {
    const [a, b, room] = await twoInSession();
    await rotate(b, room);
    const held = await sealTo(b, [a], room, nowMs);
    const thief = await copyOf(a);
    const atMs = nowMs + 12 * hour;
    await rotateAndSeal(a, [b], room, atMs);
    expect(await open(a, delivery(b, a, room, held, atMs))).toBe("hello");
    expect(await readsOn(thief, a, b, 24)).toBe(false);
  });
});

describe("a copy of the silent member's store", () => {
  /** The copy takes packets with the keys that it has, as the relay could hand them to it. */
  const opensWith = (thief: TestDevice, from: TestDevice, room: Room, sealed: Sealed) =>
    open(thief, { ...delivery(from, thief, room, sealed) });

  test("opens what is sent to it for a day at most, because its prekeys are renewed too", async () => {
    const [a, b, room] = await twoInSession();
    const upload = (atMs: number): Promise<PreKeyUpload> =>
      b.transact((tx) => b.suite.createPreKeys(tx, { oneTime: 0, nowMs: atMs }));
    let offered = await upload(nowMs);
    const thief = await copyOf(b);
    // The worst order: the session is renewed just before the prekeys are.
    const renewSession = async (atMs: number) => {
      for (const _ of await stale(a, [b], atMs))
        await a.transact((tx) =>
          a.suite.establish(tx, bundleOf(b, offered, { lastResort: true }), atMs),
        );
      await rotate(a, room);
      return sealTo(a, [b], room, atMs);
    };
    const early = await renewSession(nowMs + 11 * hour);
    expect(await opensWith(thief, a, room, early)).toBe("hello");
    const late = await renewSession(nowMs + 12 * hour - 1);
    expect(await opensWith(thief, a, room, late)).toBe("hello");
    offered = await upload(nowMs + 12 * hour);
    const healed = await renewSession(nowMs + 24 * hour);
    await expect(opensWith(thief, a, room, healed)).rejects.toMatchObject({
      code: "undecryptable",
    });
    for (const sealed of [early, late, healed])
      expect(await open(b, delivery(a, b, room, sealed))).toBe("hello");
  });
});

describe("a renewal", () => {
  test("loses nothing that the peer sends in the session before it", async () => {
    const [a, b, room] = await twoInSession();
    await rotate(b, room);
    const late = await sealTo(b, [a], room, nowMs);
    for (let half = 1; half <= 60; half++) {
      const atMs = nowMs + half * 12 * hour;
      const sealed = await rotateAndSeal(a, [b], room, atMs);
      if (half % 20 === 0) expect(await open(b, delivery(a, b, room, sealed, atMs))).toBe("hello");
    }
    expect(await open(a, delivery(b, a, room, late, nowMs + 721 * hour))).toBe("hello");
  });

  test("is opened by a device that was away for weeks, conversation by conversation", async () => {
    const [a, b, room] = await twoInSession();
    const another = newRoom();
    const missed = [];
    for (let half = 1; half <= 60; half++) {
      const atMs = nowMs + half * 12 * hour;
      missed.push([await rotateAndSeal(a, [b], room, atMs), await sealTo(a, [b], another, atMs)]);
      await rotate(a, another);
    }
    const atMs = nowMs + 721 * hour;
    for (const [sealed] of missed)
      expect(await open(b, delivery(a, b, room, sealed!, atMs))).toBe("hello");
    for (const [, sealed] of missed)
      expect(await open(b, delivery(a, b, another, sealed!, atMs))).toBe("hello");
  });

  test("leaves both sides able to write when both renew at the same time", async () => {
    const [a, b, room] = await twoInSession();
    const atMs = nowMs + 13 * hour;
    const [fromA, fromB] = [
      await rotateAndSeal(a, [b], room, atMs),
      await rotateAndSeal(b, [a], room, atMs),
    ];
    expect(await open(a, delivery(b, a, room, fromB, atMs))).toBe("hello");
    expect(await open(b, delivery(a, b, room, fromA, atMs))).toBe("hello");
    for (let turn = 0; turn < 3; turn++) {
      const [again, back] = [
        await rotateAndSeal(a, [b], room, atMs + turn),
        await rotateAndSeal(b, [a], room, atMs + turn),
      ];
      expect(await open(b, delivery(a, b, room, again, atMs))).toBe("hello");
      expect(await open(a, delivery(b, a, room, back, atMs))).toBe("hello");
    }
  });

  test("does not wait for a device whose bundle cannot be had", async () => {
    const [a, b, room] = await twoInSession();
    const atMs = nowMs + 12 * hour;
    await rotate(a, room);
    const sealed = await sealTo(a, [b], room, atMs, [b]);
    expect(await open(b, delivery(a, b, room, sealed, atMs))).toBe("hello");
    expect(await stale(a, [b], atMs)).toEqual([b.id]);
  });

  test("is due before keys of granted history go out, too", async () => {
    const [a, b, room] = await twoInSession();
    const atMs = nowMs + 12 * hour;
    const { conversation } = room;
    const request = {
      conversation,
      id: randomUUID(),
      devices: [b.id],
      plaintext: utf8("keys"),
      nowMs,
    };
    const send = (more: Partial<SealToRequest>) =>
      a.transact((tx) => a.suite.sealTo(tx, { ...request, ...more }));
    await send({});
    await expect(send({ nowMs: atMs })).rejects.toMatchObject({
      code: "stale_session",
      devices: [b.id],
    });
    await send({ nowMs: atMs, unrenewed: [b.id] });
  });

  test("takes a bundle of the recorded identity only", async () => {
    const [a, b, room] = await twoInSession();
    const [stranger, atMs] = [await newDevice(), nowMs + 12 * hour];
    const bundle = { ...(await newBundle(stranger)), device: b.id };
    await expect(a.transact((tx) => a.suite.establish(tx, bundle, atMs))).rejects.toMatchObject({
      code: "untrusted_identity",
    });
    const sealed = await sealTo(a, [b], room, atMs, [b]);
    expect(await open(b, delivery(a, b, room, sealed, atMs))).toBe("hello");
  });

  test("costs nothing while a sending key is within its limits", async () => {
    const [a, b, room] = await twoInSession();
    await rotateAndSeal(a, [b], room, nowMs);
    await a.restart();
    await sealTo(a, [b], room, nowMs);
    const before = await a.store.read((tx) => tx.get(`signal!sending-chain!${b.id}`));
    a.level.reset();
    await sealTo(a, [b], room, nowMs + 1);
    expect(a.level).toMatchObject({ reads: 0, batches: 1 });
    expect(await a.store.read((tx) => tx.get(`signal!sending-chain!${b.id}`))).toEqual(before);
  });

  test("is due at once if the time of the last one is not known, or is in the future", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await connect(a, b);
    expect(await stale(a, [b], nowMs)).toEqual([]);
    expect(await stale(a, [b], nowMs - 1)).toEqual([b.id]);
    await a.transact(async (tx) => tx.delete(`signal!sending-chain!${b.id}`));
    expect(await stale(a, [b], nowMs)).toEqual([b.id]);
  });

  test("is not due in a session that the peer has just begun", async () => {
    const [a, b, room] = [await newDevice(), await newDevice(), newRoom()];
    await trust(b, a);
    await connect(a, b);
    const atMs = nowMs + 12 * hour;
    const first = await rotateAndSeal(a, [b], room, atMs);
    await open(b, delivery(a, b, room, first, atMs));
    expect(await stale(b, [a], atMs)).toEqual([]);
    expect(await stale(b, [a], atMs + 12 * hour)).toEqual([a.id]);
  });
});
