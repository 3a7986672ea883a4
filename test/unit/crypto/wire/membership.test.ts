/** What each act makes of the members, and that no other list passes for it. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  actOf,
  arrivalsBetween,
  isPossible,
  membershipAfter,
  usersOf,
  type MembershipAct,
} from "../../../../crypto/wire/membership.ts";
import type { Member } from "../../../../crypto/wire/frame.ts";
import { nilId, type DeviceId, type UserId } from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const user = (name: string) => idOf<UserId>(`user-${name}`);
const device = (name: string) => idOf<DeviceId>(`device-${name}`);
const member = (name: string, role: string, ...devices: readonly string[]): Member => ({
  user: user(name),
  role,
  devices: devices.map(device),
});

const customer = member("a", "customer", "a1", "a2");
const agent = member("b", "agent", "b1");
const idle = member("c", "bot");
const ghost = member("x", "agent", "x1");
const guest = member("y", "customer", "y1");
const before = [customer, agent, idle];

const act = (
  kind: MembershipAct["kind"],
  actor: Member,
  subject: Member,
  members: readonly Member[],
  certifiedRole?: string,
): MembershipAct => ({
  kind,
  actor: actor.user,
  device: actor.devices[0] ?? nilId(),
  subject: subject.user,
  members,
  named: kind === "created" ? members.map((each) => each.user) : undefined,
  certifiedRole,
});
const withDevices = (of: Member, ...names: readonly string[]): Member => ({
  ...of,
  devices: names.map(device),
});

const keepsEpoch = ["closed", "consent_changed", "history_granted"];

test.each<[string, readonly Member[], MembershipAct]>([
  ["a creation", [], act("created", customer, customer, before)],
  ["an addition", before, act("member_added", agent, ghost, [...before, ghost])],
  [
    "a member without a device",
    [customer],
    act("member_added", agent, idle, [customer, idle], "supervisor"),
  ],
  ["a removal", before, act("member_removed", agent, idle, [customer, agent])],
  ["a departure", before, act("member_removed", agent, agent, [customer, idle])],
  [
    "a device",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "b1", "b2"), idle]),
  ],
  [
    "a first device",
    before,
    act("device_added", idle, idle, [customer, agent, withDevices(idle, "c1")]),
  ],
  [
    "a device that sorts before the others",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "b0", "b1"), idle]),
  ],
  [
    "a device's end",
    before,
    act("device_removed", customer, customer, [withDevices(customer, "a2"), agent, idle]),
  ],
  ["a last device's end", [agent], act("device_removed", agent, agent, [withDevices(agent)])],
  ["a closing", before, act("closed", agent, agent, before)],
  ["a consent", before, act("consent_changed", customer, customer, before)],
  ["a grant", before, act("history_granted", customer, agent, before)],
])("%s makes of the members what the server writes", (_, members, done) => {
  const epochStep = keepsEpoch.includes(done.kind) ? 0 : 1;
  expect(membershipAfter(members, done)).toEqual({ members: done.members, epochStep });
});

test.each<[string, readonly Member[], MembershipAct]>([
  ["a second creation", before, act("created", customer, customer, before)],
  ["a creation for somebody else", [], act("created", customer, agent, before)],
  ["a creation without its creator", [], act("created", ghost, ghost, before)],
  [
    "a creation with a user whom nobody named",
    [],
    {
      ...act("created", customer, customer, [...before, ghost]),
      named: before.map((each) => each.user),
    },
  ],
  [
    "a creation without a user who was named",
    [],
    {
      ...act("created", customer, customer, [customer]),
      named: before.map((each) => each.user),
    },
  ],
  [
    "a creation without the creator's record",
    [],
    { ...act("created", customer, customer, before), named: undefined },
  ],
  ["an addition by a customer", before, act("member_added", customer, ghost, [...before, ghost])],
  ["an addition of a member", before, act("member_added", agent, agent, before)],
  [
    "an addition of a customer, who needs no certificate",
    before,
    act("member_added", agent, guest, [...before, guest]),
  ],
  ["an addition of nobody", before, act("member_added", agent, ghost, before)],
  ["an addition at another place", before, act("member_added", agent, ghost, [ghost, ...before])],
  ["a removal by a customer", before, act("member_removed", customer, agent, [customer, idle])],
  ["a removal of the customer", before, act("member_removed", agent, customer, [agent, idle])],
  ["a removal of nobody", before, act("member_removed", agent, ghost, before)],
  ["a removal that removes another", before, act("member_removed", agent, idle, [agent, idle])],
  [
    "a device in another's name",
    before,
    act("device_added", agent, customer, [withDevices(customer, "a1", "a2", "a3"), agent, idle]),
  ],
  [
    "a device of another member",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "a1", "b1"), idle]),
  ],
  [
    "two devices",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "b1", "b2", "b3"), idle]),
  ],
  [
    "a device for another one",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "b2"), idle]),
  ],
  [
    "a device in disorder",
    before,
    act("device_added", agent, agent, [customer, withDevices(agent, "b2", "b1"), idle]),
  ],
  ["no device", before, act("device_added", agent, agent, before)],
  ["the end of no device", before, act("device_removed", agent, agent, before)],
  [
    "the end of two devices",
    before,
    act("device_removed", customer, customer, [withDevices(customer), agent, idle]),
  ],
  ["a closing by a stranger", before, act("closed", ghost, ghost, before)],
  ["a consent of somebody else", before, act("consent_changed", agent, customer, before)],
  ["a grant to a stranger", before, act("history_granted", customer, ghost, before)],
  [
    "an addition by another's device",
    before,
    { ...act("member_added", agent, ghost, [...before, ghost]), device: device("a1") },
  ],
  [
    "a removal by a device that is not listed",
    before,
    { ...act("member_removed", agent, idle, [customer, agent]), device: device("b2") },
  ],
  [
    "a departure by a device that is not listed",
    before,
    { ...act("member_removed", agent, agent, [customer, idle]), device: device("b2") },
  ],
  ["a departure of a customer", before, act("member_removed", customer, customer, [agent, idle])],
  [
    "a creation by a device that is not listed",
    [],
    { ...act("created", customer, customer, before), device: device("a3") },
  ],
  [
    "a closing by a device that is not listed",
    before,
    { ...act("closed", agent, agent, before), device: device("b2") },
  ],
  [
    "a grant by a device that is not listed",
    before,
    { ...act("history_granted", customer, agent, before), device: device("a3") },
  ],
  [
    "a consent by a device that is not listed",
    before,
    { ...act("consent_changed", customer, customer, before), device: device("a3") },
  ],
  ["a consent of staff", before, act("consent_changed", agent, agent, before)],
  ["a grant by a stranger", before, act("history_granted", ghost, agent, before)],
])("%s is malformed", (_, members, done) => {
  expect(membershipAfter(members, done)).toBeUndefined();
});

test.each([
  ["a user twice", [...before, agent]],
  ["a device of two users", [...before, withDevices(ghost, "b1")]],
  ["a device twice", [withDevices(customer, "a1", "a1"), agent, idle]],
  ["devices in disorder", [withDevices(customer, "a2", "a1"), agent, idle]],
])("no act makes a list with %s", (_, members) => {
  expect(isPossible(act("closed", customer, customer, members))).toBe(false);
});

test("names who and which devices came, and a user in another role", () => {
  const after = [withDevices(customer, "a2", "a3"), { ...agent, role: "supervisor" }, idle, ghost];
  expect(arrivalsBetween(before, after)).toEqual([
    withDevices(customer, "a3"),
    { ...agent, role: "supervisor" },
    ghost,
  ]);
  expect(arrivalsBetween(before, before)).toEqual([]);
  expect(arrivalsBetween(before, [customer])).toEqual([]);
});

test("a conversation begins with its creator and the named users, each once and in order", () => {
  expect(usersOf(user("b"), [user("c"), user("a"), user("b"), user("c")])).toEqual([
    user("a"),
    user("b"),
    user("c"),
  ]);
});

test("reads the act, and whom the creator named, from an event's content", () => {
  const [actor, subject] = [customer.user, agent.user];
  const creation = {
    suite: "signal-v1",
    device: device("a1"),
    signature: new Uint8Array(64),
    creator: undefined,
    users: [customer.user],
  };
  const control = {
    epoch: 3,
    actor,
    subject,
    members: before,
    creation,
    receipt: undefined,
    signer: undefined,
    staffCertificate: undefined,
  };
  const event = { kind: "member_added", senderDevice: device("a1") } as const;
  expect(actOf(event, control, "agent")).toEqual({
    kind: "member_added",
    actor,
    device: device("a1"),
    subject,
    members: before,
    named: [customer.user],
    certifiedRole: "agent",
  });
});

/** The acts of a server, as numbers choose them. Each writes the list as it then is. */
class Server {
  members: readonly Member[] = [];
  #made = 0;

  /** Returns the next act with the members before it. */
  next(choice: number, at: number): readonly [readonly Member[], MembershipAct] {
    const earlier = this.members;
    const done = earlier.length === 0 ? this.#create() : this.#change(choice, at);
    this.members = done.members;
    return [earlier, done];
  }

  #create(): MembershipAct {
    const begun = [customer, agent].toSorted((one, other) => (one.user < other.user ? -1 : 1));
    return act("created", customer, customer, begun);
  }

  #change(choice: number, at: number): MembershipAct {
    const all = this.members;
    const who = all[at % all.length] ?? customer;
    const staff =
      all.find(({ role, devices }) => role !== "customer" && devices.length > 0) ?? ghost;
    const replaced = (devices: Member["devices"]) =>
      all.map((each) => (each === who ? { ...each, devices: devices.toSorted() } : each));
    switch (choice % 6) {
      case 0: {
        const added = member(`n${this.#made++}`, "agent", `n${at}-${this.#made}`);
        return act("member_added", staff, added, [...all, added], "supervisor");
      }
      case 1:
        return who.role === "customer"
          ? this.#closed(who, at)
          : act(
              "member_removed",
              staff,
              who,
              all.filter((each) => each !== who),
              "supervisor",
            );
      case 2:
        return who.devices.length === 0
          ? this.#arrival(who, at)
          : act("device_removed", who, who, replaced(who.devices.slice(1)));
      case 3:
        return who.devices.length === 0
          ? this.#arrival(who, at)
          : act("history_granted", who, customer, all);
      default:
        return this.#arrival(who, at);
    }
  }

  #closed(who: Member, at: number): MembershipAct {
    return who.devices.length === 0
      ? this.#arrival(who, at)
      : act("closed", who, who, this.members);
  }

  #arrival(who: Member, at: number): MembershipAct {
    const devices = [...who.devices, device(`d${at}-${this.#made++}`)].toSorted();
    const listed = this.members.map((each) => (each === who ? { ...each, devices } : each));
    return act("device_added", who, who, listed);
  }
}

const sequences = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 1, maxLength: 30 });

/** Every list that differs from the act's in one place that the act itself does not bring. */
function tampered({ kind, subject, members }: MembershipAct): (readonly Member[])[] {
  const brings = (each: Member) =>
    kind === "created" || (kind === "member_added" && each.user === subject);
  const changedAt = (at: number, change: (each: Member) => Member) =>
    members.map((each, index) => (index === at ? change(each) : each));
  const extra = idOf<DeviceId>("device-~");
  return [
    [...members, ghost],
    [ghost, ...members],
    ...members.flatMap((each, at) =>
      brings(each)
        ? [members.filter((other) => other !== each)]
        : [
            members.filter((other) => other !== each),
            changedAt(at, (was) => ({ ...was, role: `${was.role}+` })),
            changedAt(at, (was) => ({ ...was, user: ghost.user })),
            changedAt(at, (was) => ({ ...was, devices: [...was.devices, extra] })),
            ...each.devices
              .flatMap((own) => {
                const isOwnAct = kind === "device_added" && each.user === subject;
                const gone = each.devices.filter((other) => other !== own);
                // Another added device than the server's is another act of the same member.
                return isOwnAct ? [gone.slice(0, -1)] : [gone, [...gone, extra].toSorted()];
              })
              .map((devices) => changedAt(at, (was) => ({ ...was, devices }))),
          ],
    ),
    ...(members.length > 1 ? [members.toReversed()] : []),
  ];
}

describe("any sequence of a server's acts", () => {
  test("is accepted, one after another", () => {
    fc.assert(
      fc.property(sequences, (choices) => {
        const server = new Server();
        for (const [choice, at] of choices) {
          const [earlier, done] = server.next(choice, at);
          expect(membershipAfter(earlier, done)?.members).toEqual(server.members);
        }
      }),
      { seed: 20261129, numRuns: 200 },
    );
  });

  test("is refused where one field of a list is another", () => {
    fc.assert(
      fc.property(sequences, (choices) => {
        const server = new Server();
        for (const [choice, at] of choices) {
          const [earlier, done] = server.next(choice, at);
          for (const members of tampered(done))
            expect(membershipAfter(earlier, { ...done, members })).toBeUndefined();
        }
      }),
      { seed: 20261130, numRuns: 50 },
    );
  });
});

test("an id of no user is no member", () => {
  expect(isPossible({ ...act("closed", customer, customer, before), actor: nilId() })).toBe(false);
});
