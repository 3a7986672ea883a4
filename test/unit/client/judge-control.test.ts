/** What a device makes of a membership event, from what it knew before. */
import { expect, test } from "@jest/globals";
import { judgeControl } from "../../../client/conversation/judge-control.ts";
import { classifyEvent } from "../../../client/conversation/sequence-check.ts";
import { stateAfter, stateAfterGap } from "../../../client/conversation/state.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  accepted,
  consent,
  controlOf,
  customer,
  eventOf,
  foundIn,
  ghost,
  judge,
  linked,
  malformed,
  own,
  placed,
  self,
  state,
  withDevices,
  type Shown,
} from "./judging.ts";

test("an event that follows one that this device saw makes the members what its act makes of them (R7, R11)", () => {
  const added: Shown = {
    kind: "member_added",
    by: own,
    of: ghost,
    members: [customer, own, ghost],
    epoch: 4,
  };
  expect(judge(state(), consent([customer, own]))).toMatchObject(accepted([]));
  expect(judge(state(), added)).toMatchObject(accepted([]));
});

test.each<[string, Shown]>([
  ["lists a ghost", consent([customer, own, ghost])],
  ["lists another role", consent([customer, { ...own, role: "supervisor" }])],
  ["lists a member less", consent([own])],
  ["begins an epoch without a change", consent([customer, own], 4)],
  [
    "begins no epoch with a change",
    { kind: "member_added", by: own, of: ghost, members: [customer, own, ghost], epoch: 3 },
  ],
  ["is a second creation", { kind: "created", members: [customer, own], epoch: 4 }],
  [
    "adds this device once more",
    { kind: "device_added", by: own, members: [customer, own], epoch: 4 },
  ],
])("an event is malformed if it %s (R7, R10)", (_, shown) => {
  const before = state();
  const verdict = judge(before, shown);
  expect(verdict).toEqual(malformed);
  const at = { seq: 5, kind: shown.kind, transcriptHash: new Uint8Array(32).fill(1) };
  const after = stateAfter(before, at, { verdict, valid: undefined }, self.device);
  expect(after).toMatchObject({ seq: 5, malformed: true, joined: true, epoch: 3, unseen: false });
  expect(after.members).toBe(before.members);
});

test("content that cannot be read is malformed, and so is another epoch than the header's (R6)", () => {
  const closing: Shown = { kind: "closed", by: own, members: [customer, own], epoch: 3 };
  const at = placed(closing, 5);
  expect(judgeControl(state(), at, undefined, self, undefined)).toEqual(malformed);
  const control = controlOf({ ...closing, epoch: 2 }, 4);
  expect(judgeControl(state(), at, control, self, foundIn(at, control))).toEqual(malformed);
});

test("a malformed event does not keep a device that it no longer lists (R10)", () => {
  const verdict = judge(state(), consent([customer, ghost]));
  expect(verdict).toEqual({ ...malformed, leaves: true });
  const at = { seq: 5, kind: "consent_changed", transcriptHash: zeroHash } as const;
  const after = stateAfter(state(), at, { verdict, valid: undefined }, self.device);
  expect(after).toMatchObject({ joined: false, malformed: true });
  expect(after.members).toEqual([customer, withDevices(own)]);
});

test("the first event that a device sees makes it a member, and no other event does", () => {
  const named: Shown = { kind: "created", members: [customer, own], epoch: 1, seq: 1 };
  const added: Shown = {
    kind: "member_added",
    by: ghost,
    of: own,
    members: [customer, ghost, own],
    epoch: 4,
    seq: 9,
  };
  const linking: Shown = { kind: "device_added", by: own, members: [own], epoch: 2, seq: 9 };
  for (const entry of [named, added, linking])
    expect(judge(undefined, entry)).toMatchObject(accepted([], true));
  for (const other of [
    { ...named, seq: 2 },
    { ...named, members: [customer] },
    { ...added, of: ghost, by: customer },
    { ...added, members: [customer, ghost] },
    { ...linking, by: customer, members: [customer, own] },
    consent([customer, own]),
  ])
    expect(judge(undefined, other).kind).toBe("malformed");
});

test("a device that comes back is told who came since it left (R8)", () => {
  const verdict = judge(state(), {
    kind: "member_removed",
    by: ghost,
    of: own,
    members: [customer],
    epoch: 4,
  });
  const at = { seq: 5, kind: "member_removed", transcriptHash: zeroHash } as const;
  const left = stateAfter(state(), at, { verdict, valid: undefined }, self.device);
  expect(left).toMatchObject({ joined: false, members: [customer] });
  const back: Shown = {
    kind: "member_added",
    by: ghost,
    of: own,
    members: [customer, ghost, own],
    epoch: 9,
    seq: 20,
  };
  expect(judge(left, back)).toMatchObject(accepted([ghost], true));
  expect(judge(left, consent([customer, own], 4)).kind).toBe("malformed");
});

test("a device that an event makes a member again may write again", () => {
  const before = state({ malformed: true, joined: false, members: [customer, withDevices(own)] });
  const entry: Shown = {
    kind: "device_added",
    by: own,
    members: [customer, withDevices(own, self.device, linked), ghost],
    epoch: 9,
    seq: 20,
  };
  const verdict = judge(before, entry);
  expect(verdict).toMatchObject(accepted([withDevices(own, linked), ghost], true));
  const at = { seq: 20, kind: "device_added", transcriptHash: zeroHash } as const;
  expect(stateAfter(before, at, { verdict, valid: true }, self.device)).toMatchObject({
    malformed: false,
    joined: true,
  });
});

test("where all events are said to be gone, nobody begins anew", () => {
  const before = stateAfterGap(state(), 40);
  const again: Shown = { kind: "created", members: [customer, own, ghost], epoch: 1, seq: 41 };
  expect(judge(before, again).kind).toBe("malformed");
  const first = eventOf({ ...again, seq: 1 }, zeroHash);
  expect(classifyEvent(before, first, controlOf(again), self).kind).toBe("known");
});

test("an act that nobody signed for this place is refused, and so is one that is shown again (R14)", () => {
  const added: Shown = {
    kind: "member_added",
    by: own,
    of: ghost,
    members: [customer, own, ghost],
    epoch: 4,
  };
  const at = placed(added, 5);
  const refused = { ...malformed, code: "invalid_receipt" };
  const judged = (after: number, followed: Uint8Array | undefined, changedAt = 2) => {
    const control = controlOf(added, after);
    const found = foundIn(at, control);
    return judgeControl(state({ changedAt }), at, control, self, found && { ...found, followed });
  };
  expect(judgeControl(state(), at, controlOf(added, 4), self, undefined)).toEqual(refused);
  expect(judged(2, zeroHash)).toMatchObject(accepted([]));
  // It was shown before, as event 3, or follows an event of another log, or one to come.
  expect(judged(2, zeroHash, 3)).toEqual(refused);
  expect(judged(4, new Uint8Array(32).fill(1))).toEqual(refused);
  expect(judged(5, undefined)).toEqual(refused);
  // Nobody has the hash of an event that is gone.
  expect(judged(4, undefined)).toMatchObject(accepted([]));
});
