/** What a device makes of a membership event if it did not see the event before. */
import { expect, test } from "@jest/globals";
import { judgeControl } from "../../../client/conversation/judge-control.ts";
import { classifyEvent, classifyGap } from "../../../client/conversation/sequence-check.ts";
import {
  stateAfter,
  stateAfterGap,
  type ConversationState,
} from "../../../client/conversation/state.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { Member } from "../../../crypto/wire/frame.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  accepted,
  consent,
  controlOf,
  customer,
  eventOf,
  ghost,
  judge,
  linked,
  member,
  own,
  placed,
  self,
  state,
  withDevices,
  type Shown,
} from "./judging.ts";

test("after a gap, who is new is named, apart from whom the act brings (R8)", () => {
  const before = stateAfterGap(state(), 9);
  expect(judge(before, consent([customer, own], 8))).toMatchObject(accepted([]));
  expect(judge(before, consent([customer, own, ghost], 8))).toMatchObject(accepted([ghost]));
  const colleague = member("agent", 2);
  const addition: Shown = {
    kind: "member_added",
    by: own,
    of: colleague,
    members: [customer, own, ghost, colleague],
    epoch: 8,
  };
  expect(judge(before, addition)).toMatchObject(accepted([ghost]));
  const two = [...customer.devices, newId<DeviceId>()];
  const three = [...two, newId<DeviceId>()];
  const adds = (devices: readonly DeviceId[]): Shown => ({
    kind: "device_added",
    by: customer,
    members: [withDevices(customer, ...devices), own],
    epoch: 8,
  });
  expect(judge(before, adds(two))).toMatchObject(accepted([]));
  expect(judge(before, adds(three))).toMatchObject(
    accepted([withDevices(customer, ...three.slice(1))]),
  );
});

test("after a gap, who left is named, apart from whom the act removes (R8)", () => {
  const [colleague, leaver] = [member("agent", 2), member("agent")];
  const before = stateAfterGap(state({ members: [customer, own, colleague, leaver] }), 9);
  const departed = (shown: Shown) => judge(before, shown);
  expect(departed(consent([customer, own, colleague, leaver], 8))).toMatchObject({ departed: [] });
  const smaller = withDevices(colleague, ...colleague.devices.slice(1));
  expect(departed(consent([customer, own, smaller], 8))).toMatchObject({
    departed: [withDevices(colleague, ...colleague.devices.slice(0, 1)), leaver],
  });
  const removal = { kind: "member_removed", by: own, of: leaver, epoch: 8 } as const;
  expect(departed({ ...removal, members: [customer, own, colleague] })).toMatchObject({
    departed: [],
  });
  expect(departed({ ...removal, members: [customer, own] })).toMatchObject({
    departed: [colleague],
  });
  const supervisor = { ...leaver, role: "supervisor" };
  expect(departed(consent([customer, own, colleague, supervisor], 8))).toMatchObject({
    arrived: [supervisor],
    departed: [leaver],
  });
});

test("a device that is added again is told who left meanwhile, and not that it left itself (R8)", () => {
  const away = stateAfterGap(state({ members: [customer, own, ghost] }), 9);
  const added: Shown = { kind: "member_added", by: ghost, of: own, epoch: 9, members: [] };
  const colleague = member("agent");
  expect(
    judge(away, { ...added, by: colleague, members: [customer, colleague, own] }),
  ).toMatchObject({
    arrived: [colleague],
    departed: [ghost],
  });
});

test("after a gap, an act that no members allow is malformed all the same", () => {
  const before = stateAfterGap(state(), 9);
  expect(judge(before, { ...consent([customer, own], 8), of: own }).kind).toBe("malformed");
  expect(judge(before, consent([customer, own, own], 8)).kind).toBe("malformed");
  expect(judge(before, { ...consent([customer, own], 8), kind: "created" }).kind).toBe("malformed");
});

const another = member("customer");
const adding = (of: Member, members: readonly Member[]): Shown => ({
  kind: "device_added",
  by: of,
  members,
  epoch: 8,
});

test.each<[string, Shown]>([
  ["another customer comes", adding(own, [customer, own, another])],
  ["another customer adds a device", adding(another, [customer, own, another])],
  [
    "a member of staff is a customer now",
    adding(own, [customer, own, { ...ghost, role: "customer" }]),
  ],
  ["the customer is staff now", adding(own, [{ ...customer, role: "agent" }, own])],
  ["the customer is gone", adding(own, [own])],
  ["another customer takes the place", adding(own, [another, own])],
])("after a gap, an event is malformed if %s (R8)", (_, shown) => {
  const before = stateAfterGap(state({ members: [customer, own, ghost] }), 9);
  expect(judge(before, shown)).toMatchObject({ kind: "malformed", code: "malformed_event" });
});

test("an event that makes this device a member lists no customer but the creator (R8)", () => {
  const named = { kind: "created", members: [customer, own], epoch: 1, seq: 1 } as const;
  const two = [customer, own, another].toSorted((one, next) => (one.user < next.user ? -1 : 1));
  const added: Shown = { kind: "member_added", by: ghost, of: own, members: [], epoch: 4, seq: 9 };
  for (const before of [undefined, stateAfterGap(state(), 8)]) {
    expect(judge(before, { ...added, members: [customer, ghost, own] }).kind).toBe("accepted");
    expect(judge(before, { ...added, members: [customer, another, ghost, own] }).kind).toBe(
      "malformed",
    );
  }
  expect(
    judge(undefined, { ...added, kind: "device_added", by: own, members: [another, own] }).kind,
  ).toBe("malformed");
  expect(judge(undefined, named).kind).toBe("accepted");
  expect(judge(undefined, { ...named, members: two }).kind).toBe("malformed");
});

test("after a gap, no list is taken from a consent that nobody signed (R14)", () => {
  const before = stateAfterGap(state(), 9);
  const shown = { ...consent([customer, own, ghost], 8), seq: 10 };
  const control = { ...controlOf(shown), receipt: undefined };
  const verdict = judgeControl(before, placed(shown, 10), control, self, undefined);
  expect(verdict).toEqual({ kind: "unproven", actor: customer.user });
  const at = { seq: 10, kind: "consent_changed", transcriptHash: zeroHash } as const;
  const after = stateAfter(before, at, { verdict, valid: undefined }, self.device);
  expect(after).toEqual({ ...before, seq: 10, changedAt: 10, afterGap: false });
});

test("members stay unseen over messages until an event lists them", () => {
  const gap = stateAfterGap(state(), 9);
  const message = { seq: 10, kind: "message", transcriptHash: zeroHash } as const;
  const after = stateAfter(gap, message, { verdict: undefined, valid: undefined }, self.device);
  expect(after).toMatchObject({ afterGap: false, unseen: true });
  const verdict = judge(after, consent([customer, own, ghost], 8));
  expect(verdict).toMatchObject(accepted([ghost]));
  const at = { seq: 11, kind: "consent_changed", transcriptHash: zeroHash } as const;
  const seen = stateAfter(after, at, { verdict, valid: undefined }, self.device);
  expect(seen).toMatchObject({ unseen: false, members: [customer, own, ghost] });
});

test("an event continues the log from the hash that it names, at every place (R4)", () => {
  const other = new Uint8Array(32).fill(7);
  const place = (before: ConversationState | undefined, seq: number, hash: Uint8Array) => {
    const shown: Shown = { kind: "member_added", of: own, members: [own], epoch: 4, seq };
    return classifyEvent(before, eventOf(shown, hash), controlOf(shown), self).kind;
  };
  expect(place(undefined, 1, zeroHash)).toBe("next");
  expect(place(undefined, 1, other)).toBe("forked");
  expect(place(state(), 5, zeroHash)).toBe("next");
  expect(place(state(), 5, other)).toBe("forked");
  expect(place(stateAfterGap(state(), 9), 10, other)).toBe("next");
  // It may name a false one only where this device cannot know better.
  const shown: Shown = { kind: "closed", members: [own], epoch: 3, seq: 5 };
  const event = { ...eventOf(shown, zeroHash), previousHash: other };
  expect(classifyEvent(state(), event, controlOf(shown), self).kind).toBe("forked");
  const later = stateAfterGap(state(), 4);
  expect(classifyEvent(later, event, controlOf(shown), self).kind).toBe("forked");
});

test("a removal in a gap is no reason to wait for events that this device may not see (R3)", () => {
  const gone = stateAfterGap(state(), 9);
  const shown: Shown = { kind: "member_added", of: own, members: [own], epoch: 9, seq: 20 };
  const at = (before: ConversationState) =>
    classifyEvent(before, eventOf(shown, zeroHash), controlOf(shown), self).kind;
  expect([at(gone), at(state({ malformed: true })), at(state())]).toEqual([
    "next",
    "next",
    "missing",
  ]);
});

test("a gap after a gap covers what lies between (R21, R22)", () => {
  const gone = stateAfterGap(state(), 9);
  expect(classifyGap(gone, { from: 20, to: 22 })).toEqual({ kind: "next", from: 10 });
  expect(classifyGap(state(), { from: 20, to: 22 })).toEqual({ kind: "missing", seq: 5 });
  // A message after the gap shows that this device was a member then.
  const message = { seq: 10, kind: "message", transcriptHash: zeroHash } as const;
  const seen = stateAfter(gone, message, { verdict: undefined, valid: undefined }, self.device);
  expect(classifyGap(seen, { from: 20, to: 22 })).toEqual({ kind: "missing", seq: 11 });
  // A device that knows of its end has no part in what lies between.
  const away = state({ joined: false, members: [customer] });
  expect(classifyGap(away, { from: 20, to: 22 })).toEqual({ kind: "next", from: 20 });
});

test.each<[string, Shown]>([
  [
    "adds somebody else",
    { kind: "member_added", by: own, of: ghost, members: [customer, own, ghost], epoch: 9 },
  ],
  [
    "adds somebody else's device",
    {
      kind: "device_added",
      by: customer,
      members: [withDevices(customer, ...customer.devices, newId<DeviceId>()), own],
      epoch: 9,
    },
  ],
  ["is about nobody's membership", consent([customer, own])],
])("after a gap, no event is passed over for one that %s", (_, shown) => {
  const event = eventOf({ ...shown, seq: 9 }, zeroHash);
  const after = stateAfterGap(state(), 5);
  expect(classifyEvent(after, event, controlOf(shown), self)).toEqual({ kind: "missing", seq: 6 });
});

const outside = stateAfterGap(undefined, 4);

test.each<[string, Shown]>([
  ["consent", consent([customer, own])],
  ["closing", { ...consent([customer, own]), kind: "closed" }],
  [
    "lost device",
    { kind: "device_removed", by: customer, members: [withDevices(customer), own], epoch: 4 },
  ],
  ["removal", { kind: "member_removed", by: own, of: ghost, members: [customer, own], epoch: 4 }],
])(
  "a device whose entry is gone takes no members from a %s, which is not malformed (R9)",
  (_, shown) => {
    const verdict = judge(outside, shown);
    expect(verdict).toEqual({ kind: "outside" });
    const at = { seq: 5, kind: shown.kind, transcriptHash: zeroHash } as const;
    const after = stateAfter(outside, at, { verdict, valid: undefined }, self.device);
    expect(after).toMatchObject({ joined: false, malformed: false, unseen: true, members: [] });
    expect(after.closed).toBe(shown.kind === "closed");
    const addition: Shown = {
      kind: "member_added",
      by: own,
      of: ghost,
      members: [customer, own, ghost],
      epoch: 5,
    };
    expect(judge(after, addition)).toMatchObject(accepted([customer], true));
  },
);

test.each<[string, readonly Member[], Shown, readonly Member[]]>([
  [
    "devices of the one who is added again",
    [customer, own, ghost],
    {
      kind: "member_added",
      by: own,
      of: ghost,
      members: [customer, own, withDevices(ghost, linked)],
      epoch: 8,
    },
    [withDevices(ghost, linked)],
  ],
  [
    "another role of the one who adds a device",
    [customer, own, ghost],
    {
      kind: "device_added",
      by: ghost,
      members: [
        customer,
        own,
        { ...ghost, role: "supervisor", devices: [...ghost.devices, linked].toSorted() },
      ],
      epoch: 8,
    },
    [{ ...ghost, role: "supervisor", devices: [...ghost.devices, linked].toSorted() }],
  ],
  [
    "another device of this account, when this one is added again",
    [customer, own],
    {
      kind: "member_added",
      by: customer,
      of: own,
      members: [
        { ...customer, role: "agent" },
        withDevices(own, ...[self.device, linked].toSorted()),
      ],
      epoch: 8,
    },
    [{ ...customer, role: "agent" }, withDevices(own, linked)],
  ],
])("the act hides no arrival: %s", (_, known, shown, came) => {
  expect(judge(stateAfterGap(state({ members: known }), 9), shown)).toMatchObject(
    accepted(came, shown.of === own),
  );
});

test("another device of this account, which came while this one was passed over, is named", () => {
  const shown: Shown = {
    kind: "device_added",
    by: own,
    members: [customer, withDevices(own, ...[self.device, linked].toSorted())],
    epoch: 8,
    seq: 20,
  };
  const gone = stateAfterGap(state(), 9);
  expect(judge(gone, shown)).toMatchObject(accepted([withDevices(own, linked)], true));
  // Right after the gap it is the one that the event adds.
  expect(judge(gone, { ...shown, seq: 10 })).toMatchObject(accepted([], false));
});

test("a new device of this account does not make a malformed conversation sound", () => {
  const before = state({ malformed: true });
  const shown: Shown = {
    kind: "device_added",
    by: own,
    members: [customer, withDevices(own, ...[self.device, linked].toSorted())],
    epoch: 4,
  };
  const verdict = judge(before, shown);
  expect(verdict).toMatchObject(accepted([], false));
  const at = { seq: 5, kind: "device_added", transcriptHash: zeroHash } as const;
  expect(stateAfter(before, at, { verdict, valid: undefined }, self.device).malformed).toBe(true);
});

test("a device whose removal was malformed comes back", () => {
  const before = state({ malformed: true });
  const shown: Shown = {
    kind: "member_added",
    by: ghost,
    of: own,
    members: [customer, ghost, own],
    epoch: 5,
  };
  const verdict = judge(before, shown);
  expect(verdict).toMatchObject(accepted([ghost], true));
  const at = { seq: 5, kind: "member_added", transcriptHash: zeroHash } as const;
  expect(stateAfter(before, at, { verdict, valid: true }, self.device)).toMatchObject({
    malformed: false,
    joined: true,
    arrivedAt: 5,
  });
});
