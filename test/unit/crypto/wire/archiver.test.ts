/** A records archiver is a member that only receives. No device takes its acts on the conversation. */
import { expect, test } from "@jest/globals";
import { membershipAfter, type MembershipAct } from "../../../../crypto/wire/membership.ts";
import type { Member } from "../../../../crypto/wire/frame.ts";
import { nilId, type DeviceId, type UserId } from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const member = (name: string, role: string): Member => ({
  user: idOf<UserId>(`user-${name}`),
  role,
  devices: [idOf<DeviceId>(`device-${name}`)],
});
const customer = member("a", "customer");
const agent = member("b", "agent");
const newcomer = member("c", "agent");
const archiver = member("z", "archiver");
const before = [customer, agent, archiver];

const act = (
  kind: "member_added" | "member_removed" | "closed" | "history_granted",
  actor: Member,
  subject: Member,
  members: readonly Member[],
): MembershipAct => ({
  kind,
  actor: actor.user,
  device: actor.devices[0] ?? nilId(),
  subject: subject.user,
  members,
  named: undefined,
  certifiedRole: undefined,
});

test("others add and remove it", () => {
  const added = act("member_added", agent, archiver, before);
  expect(membershipAfter([customer, agent], added)).toEqual({ members: before, epochStep: 1 });
  const removed = act("member_removed", agent, archiver, [customer, agent]);
  expect(membershipAfter(before, removed)).toEqual({ members: [customer, agent], epochStep: 1 });
});

test.each<[string, MembershipAct]>([
  ["adds", act("member_added", archiver, newcomer, [...before, newcomer])],
  ["removes", act("member_removed", archiver, agent, [customer, archiver])],
  ["closes", act("closed", archiver, archiver, before)],
  ["shows history", act("history_granted", archiver, agent, before)],
])("no device takes it that it %s", (_, done) => {
  expect(membershipAfter(before, done)).toBeUndefined();
  // An agent in its place may.
  const asAgent = (each: Member) => (each === archiver ? { ...archiver, role: "agent" } : each);
  const allowed = { ...done, members: done.members.map(asAgent) };
  expect(membershipAfter(before.map(asAgent), allowed)).toBeDefined();
});
