import type { Sealed } from "../../../../crypto/device/suite.ts";
import {
  connect,
  delivery,
  newBundle,
  newDevice,
  newRoom,
  open,
  seal,
  utf8,
  type Room,
  type TestDevice,
} from "./devices.ts";

export const hour = 3_600_000;

/** Seals in the sessions that exist. */
export const sealTo = (
  from: TestDevice,
  to: readonly TestDevice[],
  room: Room,
  atMs: number,
  unrenewed: readonly TestDevice[] = [],
): Promise<Sealed> =>
  from.transact((tx) =>
    from.suite.seal(tx, {
      ...room,
      devices: to.map(({ id }) => id),
      unrenewed: unrenewed.map(({ id }) => id),
      plaintext: utf8("hello"),
      nowMs: atMs,
    }),
  );

/** The devices whose sessions are stale at `atMs`. */
export const stale = async (from: TestDevice, to: readonly TestDevice[], atMs: number) => {
  const devices = to.map(({ id }) => id);
  const found = await from.transact((tx) => from.suite.staleSessions(tx, devices, atMs));
  return found.map(({ device }) => device);
};

/** Makes the next message use a new key, which goes out in the sessions. */
export const rotate = (device: TestDevice, room: Room) =>
  device.transact((tx) => device.suite.rotate(tx, room.conversation));

/** Seals under a new key, as the SDK does: sessions that are stale are renewed first. */
export async function rotateAndSeal(
  from: TestDevice,
  to: readonly TestDevice[],
  room: Room,
  atMs: number,
): Promise<Sealed> {
  await rotate(from, room);
  for (const device of await stale(from, to, atMs)) {
    const peer = to.find(({ id }) => id === device)!;
    const bundle = await newBundle(peer, { atMs });
    await from.transact((tx) => from.suite.establish(tx, bundle, atMs));
  }
  return sealTo(from, to, room, atMs);
}

/** Two devices in a session that both have written in. */
export async function twoInSession(): Promise<readonly [TestDevice, TestDevice, Room]> {
  const [a, b, room] = [await newDevice(), await newDevice(), newRoom()];
  await connect(a, b);
  await open(b, delivery(a, b, room, await seal(a, [b], room)));
  await open(a, delivery(b, a, room, await seal(b, [a], room)));
  return [a, b, room];
}
