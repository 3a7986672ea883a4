/** The accounts and devices of the model. */
import type { Member } from "../../crypto/wire/frame.ts";
import {
  nilId,
  parseId,
  type ConversationId,
  type DeviceId,
  type TenantId,
  type UserId,
} from "../../crypto/wire/ids.ts";

export interface Account {
  readonly name: string;
  readonly user: UserId;
  readonly role: string;
  readonly devices: readonly DeviceId[];
}

/** A device, with what it knows of itself. */
export interface Owner {
  readonly name: string;
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
}

const account = (name: string, number: number, role: string, devices: number): Account => ({
  name,
  user: parseId(`00000000-0000-7000-8000-0000000000${number}0`),
  role,
  devices: Array.from({ length: devices }, (_, index) =>
    parseId<DeviceId>(`00000000-0000-7000-8000-0000000000${number}${index + 1}`),
  ),
});

/** The customer, who begins the conversation. */
export const anna = account("Anna", 1, "customer", 1);
/** A member of staff with two devices. Nothing distinguishes the devices. */
export const ben = account("Ben", 2, "agent", 2);
export const cleo = account("Cleo", 3, "agent", 1);
/** The relay's own account, which is certified and logged like any other. */
export const mallory = account("Mallory", 4, "agent", 1);
/** Somebody who is no member. The relay may name them as the author of an act. */
export const supervisor: UserId = parseId("00000000-0000-7000-8000-000000000090");

/** Somebody whom the authority certifies in a role that takes no part in conversations, and who helps the relay. */
export const auditor: UserId = parseId("00000000-0000-7000-8000-000000000091");

/** Returns the role in which the authority certifies somebody. */
export function roleOf(user: UserId): string {
  if (user === auditor) return "auditor";
  return user === supervisor ? "supervisor" : "agent";
}

const accounts = [anna, ben, cleo, mallory];
export const everybody: ReadonlySet<UserId> = new Set(accounts.map(({ user }) => user));
export const tenant: TenantId = parseId("00000000-0000-7000-8000-0000000000d0");
export const conversation: ConversationId = parseId("00000000-0000-7000-8000-0000000000c0");

export const ownersOf = ({ name, user, devices }: Account): readonly Owner[] =>
  devices.map((device, index) => ({
    name: devices.length === 1 ? name : `${name}${index + 1}`,
    tenant,
    user,
    device,
  }));

/** Returns the first device of an account. */
export const firstOf = (of: Account): Owner => ownersOf(of)[0]!;

const owners = accounts.flatMap(ownersOf);

/** Returns the owner of a device, as its certificate says. */
export function ownerOf(device: DeviceId): Owner {
  const owner = owners.find((each) => each.device === device);
  if (owner === undefined) throw new RangeError("The model has no such device.");
  return owner;
}

/**
 * Returns the device with which a user acts: one that the list has, or else the first of the account. A
 * supervisor who is no member has one that the model does not know.
 */
export const actingDevice = (user: UserId, members: readonly Member[]): DeviceId =>
  [...members, ...accounts].find((each) => each.user === user && each.devices.length > 0)
    ?.devices[0] ?? nilId();

export const nameOf = (user: UserId): string =>
  accounts.find((each) => each.user === user)?.name ?? `the ${roleOf(user)}`;

/** Returns a list of members as a trace shows it. */
export const namesOf = (members: readonly Member[]): string =>
  members
    .map(({ user, devices }) => `${nameOf(user)}(${devices.map(deviceName).join(" ")})`)
    .join(" ");

export const deviceName = (device: DeviceId): string => ownerOf(device).name;

export const memberOf = ({ user, role, devices }: Account): Member => ({
  user,
  role,
  devices: [...devices],
});

/** Exchanges Ben's two devices in a text. What happens to one could happen to the other. */
export const mirrored = (text: string): string =>
  text
    .replaceAll(/Ben[12]/g, (name) => (name === "Ben1" ? "Ben2" : "Ben1"))
    .replaceAll("Ben2 Ben1", "Ben1 Ben2");
