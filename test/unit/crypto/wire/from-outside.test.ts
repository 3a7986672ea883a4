/** Who changes the members without being one: by the role in which the authority certifies them. */
import { expect, test } from "@jest/globals";
import { membershipAfter, type MembershipAct } from "../../../../crypto/wire/membership.ts";
import type { Member } from "../../../../crypto/wire/frame.ts";
import { nilId, type DeviceId, type UserId } from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const member = (name: string, role: string, ...devices: readonly string[]): Member => ({
  user: idOf<UserId>(`user-${name}`),
  role,
  devices: devices.map((device) => idOf<DeviceId>(`device-${device}`)),
});
const customer = member("a", "customer", "a1");
const agent = member("b", "agent", "b1");
const other = member("c", "agent", "c1");
const outsider = member("x", "agent", "x1");
const before = [customer, agent];

const act = (
  kind: "member_added" | "member_removed",
  subject: Member,
  members: readonly Member[],
  certifiedRole: string | undefined,
): MembershipAct => ({
  kind,
  actor: outsider.user,
  device: outsider.devices[0] ?? nilId(),
  subject: subject.user,
  members,
  named: undefined,
  certifiedRole,
});
const joins = (role: string, certifiedRole: string | undefined) => {
  const joined = { ...outsider, role };
  return act("member_added", joined, [...before, joined], certifiedRole);
};

test.each<[string, MembershipAct]>([
  ["an agent joins", joins("agent", "agent")],
  ["a supervisor joins", joins("supervisor", "supervisor")],
  ["a new supervisor joins, whom the list calls an agent", joins("agent", "supervisor")],
  ["a supervisor adds", act("member_added", other, [...before, other], "supervisor")],
  ["a supervisor removes", act("member_removed", agent, [customer], "supervisor")],
])("%s", (_, done) => {
  expect(membershipAfter(before, done)).toEqual({ members: done.members, epochStep: 1 });
});

test.each<[string, MembershipAct]>([
  ["somebody without a certificate joins", joins("agent", undefined)],
  ["an agent joins as a supervisor", joins("supervisor", "agent")],
  ["a bot joins", joins("bot", "bot")],
  ["an auditor joins", joins("auditor", "auditor")],
  ["an admin joins as an agent", joins("agent", "admin")],
  [
    "an agent joins with another's device",
    { ...joins("agent", "agent"), device: agent.devices[0] ?? nilId() },
  ],
  ["an agent adds", act("member_added", other, [...before, other], "agent")],
  [
    "somebody without a certificate adds",
    act("member_added", other, [...before, other], undefined),
  ],
  ["an agent removes", act("member_removed", agent, [customer], "agent")],
  ["an admin removes", act("member_removed", agent, [customer], "admin")],
  ["somebody without a certificate removes", act("member_removed", agent, [customer], undefined)],
  ["a supervisor removes the customer", act("member_removed", customer, [agent], "supervisor")],
  ["a supervisor leaves who is no member", act("member_removed", outsider, before, "supervisor")],
])("no device takes it that %s", (_, done) => {
  expect(membershipAfter(before, done)).toBeUndefined();
});
