import { describe, expect, test } from "@jest/globals";
import {
  bundleOf,
  delivery,
  newDevice,
  newRoom,
  nowMs,
  open,
  seal,
  trust,
  type TestDevice,
} from "./devices.ts";

const hour = 3_600_000;
const day = 24 * hour;
const make = (
  device: TestDevice,
  atMs: number,
  request: { oneTime?: number; renew?: boolean } = {},
) =>
  device.transact((tx) => device.suite.createPreKeys(tx, { oneTime: 0, ...request, nowMs: atMs }));
const longTermIds = ({ signedPreKey, lastResortKyberPreKey }: Awaited<ReturnType<typeof make>>) => [
  signedPreKey.id,
  lastResortKyberPreKey.id,
];
const namesOf = (device: TestDevice, prefix: string) =>
  device.store.read(async (tx) => (await tx.list(prefix)).map(([name]) => name));

/** A first message under the signed and last-resort prekeys of `upload`, ready to be delivered. */
async function firstMessage(to: TestDevice, upload: Awaited<ReturnType<typeof make>>) {
  const from = await newDevice();
  await trust(from, to);
  await trust(to, from);
  const bundle = bundleOf(to, upload, { lastResort: true });
  await from.transact((tx) => from.suite.establish(tx, bundle, nowMs));
  const room = newRoom();
  return delivery(from, to, room, await seal(from, [to], room));
}

describe("the signed and last-resort prekeys", () => {
  test("are repeated for eleven hours, then replaced under ids never used before", async () => {
    const device = await newDevice();
    const first = await make(device, nowMs, { oneTime: 2 });
    expect(longTermIds(await make(device, nowMs + 11 * hour))).toEqual(longTermIds(first));
    await device.restart();
    const second = await make(device, nowMs + 11 * hour + 1, { oneTime: 2 });
    expect(second.signedPreKey.publicKey).not.toEqual(first.signedPreKey.publicKey);
    const used = [first, second].flatMap((upload) => [
      ...longTermIds(upload),
      ...[...upload.preKeys, ...upload.kyberPreKeys].map(({ id }) => id),
    ]);
    expect(new Set(used).size).toBe(12);
    expect(Math.min(...longTermIds(second))).toBeGreaterThan(Math.max(...longTermIds(first)));
    expect(longTermIds(await make(device, nowMs + 22 * hour))).toEqual(longTermIds(second));
    const third = await make(device, nowMs + 23 * hour);
    expect(Math.min(...longTermIds(third))).toBeGreaterThan(Math.max(...used));
  });

  test("are only reported and not renewed on request", async () => {
    const device = await newDevice();
    const first = await make(device, nowMs);
    const said = await make(device, nowMs + 100 * day, { renew: false });
    expect(said).toEqual(first);
    expect(longTermIds(await make(device, nowMs + 100 * day))).not.toEqual(longTermIds(first));
  });

  test("are renewed after a clock ran years ahead", async () => {
    const device = await newDevice();
    const ahead = await make(device, nowMs + 3650 * day);
    const renewed = await make(device, nowMs);
    expect(longTermIds(renewed)).not.toEqual(longTermIds(ahead));
    expect(longTermIds(await make(device, nowMs + hour))).toEqual(longTermIds(renewed));
  });

  test("of a crashed renewal are made again, and the old ones still work", async () => {
    const device = await newDevice();
    const first = await make(device, nowMs);
    device.level.failNextBatch = true;
    await expect(make(device, nowMs + 8 * day)).rejects.toThrow("disk full");
    await device.restart();
    expect(await make(device, nowMs + 8 * day, { renew: false })).toEqual(first);
    expect(await open(device, await firstMessage(device, first))).toBe("hello");
    expect(longTermIds(await make(device, nowMs + 8 * day))).not.toEqual(longTermIds(first));
  });
});

describe("retired private halves", () => {
  test("open first messages for thirty days after their renewal and not longer", async () => {
    const device = await newDevice();
    const first = await make(device, nowMs);
    const [early, late] = [await firstMessage(device, first), await firstMessage(device, first)];
    const renewedAt = nowMs + 8 * day;
    const second = await make(device, renewedAt);
    await make(device, renewedAt + 30 * day);
    await device.restart();
    expect(await open(device, early)).toBe("hello");
    await make(device, renewedAt + 30 * day + 1);
    await expect(open(device, late)).rejects.toMatchObject({
      name: "SuiteError",
      code: "undecryptable",
    });
    // The ones retired later still exist.
    expect(await open(device, await firstMessage(device, second))).toBe("hello");
  });

  test("go together with the record of their last-resort uses, and no other record", async () => {
    const device = await newDevice();
    const first = await make(device, nowMs);
    await open(device, await firstMessage(device, first));
    const renewedAt = nowMs + 8 * day;
    const second = await make(device, renewedAt);
    await open(device, await firstMessage(device, second));
    const uses = () => namesOf(device, "signal!kyber-use!");
    expect(await uses()).toHaveLength(2);
    await make(device, renewedAt + 31 * day);
    const left = await uses();
    expect(left).toHaveLength(1);
    expect(left[0]).toContain(`!${second.lastResortKyberPreKey.id}!`);
    expect(await namesOf(device, "signal!signed-prekey!")).not.toContain(
      `signal!signed-prekey!${first.signedPreKey.id}`,
    );
    expect(await namesOf(device, "signal!kyber-prekey!")).not.toContain(
      `signal!kyber-prekey!${first.lastResortKyberPreKey.id}`,
    );
  });

  test("refuse a repeated first message as long as they are kept", async () => {
    const device = await newDevice();
    const request = await firstMessage(device, await make(device, nowMs));
    await open(device, request);
    await make(device, nowMs + 8 * day);
    await device.transact(async (tx) => {
      for (const prefix of ["signal!session!", "signal!sender-key!"])
        for (const [name] of await tx.list(prefix)) tx.delete(name);
    });
    await expect(open(device, request)).rejects.toMatchObject({
      code: "undecryptable",
      message: expect.stringContaining("was repeated"),
    });
  });

  test("retired while a clock ran ahead are kept thirty days and not forever", async () => {
    const device = await newDevice();
    await make(device, nowMs);
    const ahead = nowMs + 3650 * day;
    await make(device, ahead); // retires the first ones ten years from now
    await make(device, nowMs + day); // the clock is right again
    const before = await namesOf(device, "signal!signed-prekey!");
    expect(before).toHaveLength(3);
    await make(device, nowMs + 33 * day);
    // The two from before the correction are gone. The corrected one was retired just now.
    expect(await namesOf(device, "signal!signed-prekey!")).toHaveLength(2);
  });
});
