/** Whose change of the members counts with the certificate in the event only (R6). */
import { expect, test } from "@jest/globals";
import { judgeControl } from "../../../client/conversation/judge-control.ts";
import { stateAfterGap, type ConversationState } from "../../../client/conversation/state.ts";
import {
  accepted,
  controlOf,
  customer,
  foundIn,
  ghost,
  malformed,
  member,
  own,
  placed,
  self,
  state,
  type Shown,
} from "./judging.ts";

const colleague = member("agent");

/** Judges an event with a certificate of its author in this role, or without one. */
function judged(before: ConversationState, shown: Shown, role?: string) {
  const seq = before.seq + 1;
  const at = placed(shown, seq);
  const control = controlOf({ ...shown, seq }, seq - 1);
  const found = foundIn(at, control);
  const certified = role === undefined ? undefined : { role };
  return judgeControl(before, at, control, self, found && { ...found, certified });
}

const members = [customer, own, ghost];
const adds: Shown = {
  kind: "member_added",
  by: ghost,
  of: colleague,
  members: [...members, colleague],
  epoch: 4,
};
const leaves: Shown = { kind: "member_removed", by: ghost, members: [customer, own], epoch: 4 };

test("a member whom this device knows as certified needs none", () => {
  expect(judged(state({ members }), adds)).toMatchObject(accepted([]));
});

test("a member who came without one needs one", () => {
  const before = state({ members, uncertified: [ghost.user] });
  expect(judged(before, adds)).toEqual(malformed);
  expect(judged(before, adds, "agent")).toMatchObject(accepted([]));
  expect(judged(before, adds, "supervisor")).toMatchObject(accepted([]));
});

test("a member whom the authority certifies as auditor or admin changes no members", () => {
  const before = state({ members, uncertified: [ghost.user] });
  const afterGap = stateAfterGap(state({ members }), 9);
  for (const role of ["auditor", "admin"]) {
    expect(judged(before, adds, role)).toEqual(malformed);
    expect(judged(afterGap, { ...adds, epoch: 6 }, role)).toEqual(malformed);
  }
  expect(judged(before, adds, "bot")).toMatchObject(accepted([]));
});

test("a supervisor who has become an agent acts for those who came since as for those who saw them come", () => {
  const supervisor = { ...ghost, role: "supervisor" };
  const list = [customer, own, supervisor];
  const act = { ...adds, members: [...list, colleague] };
  const sawThem = state({ members: list });
  const cameSince = state({ members: list, uncertified: [supervisor.user] });
  for (const before of [sawThem, cameSince])
    expect(judged(before, act, "agent")).toMatchObject(accepted([]));
  expect(judged(cameSince, act)).toEqual(malformed);
});

test("a device that comes back knows nobody as certified", () => {
  const before = state({ joined: false, members: [customer, ghost] });
  const back = { ...adds, of: own, members: [customer, ghost, own] };
  expect(judged(before, back)).toEqual(malformed);
  expect(judged(before, back, "agent")).toMatchObject(accepted([], true));
});

test("everybody may leave", () => {
  const before = state({ members, uncertified: [ghost.user] });
  expect(judged(before, leaves)).toMatchObject(accepted([]));
});

test("somebody who is no member needs one that gives the right", () => {
  const before = state();
  const others: Shown = { ...adds, members: [customer, own, colleague] };
  expect(judged(before, others)).toEqual(malformed);
  expect(judged(before, others, "agent")).toEqual(malformed);
  expect(judged(before, others, "supervisor")).toMatchObject(accepted([]));
  const joins: Shown = { ...adds, of: ghost, members };
  expect(judged(before, joins)).toEqual(malformed);
  expect(judged(before, joins, "agent")).toMatchObject(accepted([]));
});

test("after a gap, a member of before it who may have left needs one", () => {
  const before = stateAfterGap(state({ members }), 9);
  const removes: Shown = {
    kind: "member_removed",
    by: ghost,
    of: colleague,
    members: [customer, own],
    epoch: 6,
  };
  expect(judged(before, removes)).toEqual(malformed);
  expect(judged(before, removes, "agent")).toEqual(malformed);
  expect(judged(before, removes, "supervisor")).toMatchObject(accepted([]));
  const back: Shown = { ...adds, of: ghost, members, epoch: 6 };
  expect(judged(before, back)).toEqual(malformed);
  expect(judged(before, back, "agent")).toMatchObject(accepted([]));
});

test("whoever came while events were gone needs one, as a member", () => {
  const before = stateAfterGap(state(), 9);
  const shown = { ...adds, epoch: 6 };
  expect(judged(before, shown)).toEqual(malformed);
  expect(judged(before, shown, "agent")).toMatchObject(accepted([ghost]));
});
