/** What an event changes and shows, after everything about it was found out. */
import { describe, expect, test } from "@jest/globals";
import { itemsOf } from "../../../client/conversation/history.ts";
import { stateAfterGap, type ConversationState } from "../../../client/conversation/state.ts";
import { step, type Facts } from "../../../client/conversation/step.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  consent,
  customer,
  eventOf,
  ghost,
  judge,
  own,
  self,
  state,
  type Shown,
} from "./judging.ts";

function taken(
  before: ConversationState | undefined,
  shown: Shown,
  found: Partial<Extract<Facts, { readonly kind: "membership" }>> = {},
) {
  const seq = shown.seq ?? (before?.seq ?? 0) + 1;
  const verdict = judge(before, { ...shown, seq });
  const certified = new Set(shown.members.map(({ user }) => user));
  const facts: Facts = {
    kind: "membership",
    verdict,
    valid: undefined,
    certified,
    problems: [],
    ...found,
  };
  const made = step(before, eventOf({ ...shown, seq }, zeroHash), facts, self);
  return { ...made, items: itemsOf(seq, made.record, self) };
}

const entry: Shown = {
  kind: "member_added",
  by: ghost,
  of: own,
  members: [customer, ghost, own],
  epoch: 4,
};

test("a wrong creation record lets this device in nowhere, and the next right one does (R12)", () => {
  const wrong = taken(undefined, { ...entry, seq: 7 }, { valid: false });
  expect(wrong.state).toMatchObject({ joined: false, invalid: true });
  expect(wrong.items.at(-1)).toMatchObject({ kind: "problem", code: "invalid_creation" });
  const later = { ...entry, of: ghost, members: [customer, own, ghost], epoch: 5 };
  const right = taken({ ...wrong.state, members: [customer, own] }, later, { valid: true });
  expect(right.state).toMatchObject({ joined: true, invalid: false });
});

test("problems of devices and of staff stand beside the change that they concern (R13)", () => {
  const found = { code: "key_not_logged", user: ghost.user } as const;
  const joining = { ...entry, by: own, of: ghost, members: [customer, own, ghost] };
  const { items, state: after } = taken(state(), joining, {
    problems: [found],
    certified: new Set(),
  });
  expect(items).toMatchObject([
    { kind: "member_added" },
    { kind: "problem", ...found },
    { kind: "problem", code: "staff_not_certified", user: ghost.user },
  ]);
  expect(after).toMatchObject({ members: joining.members, uncertified: [ghost.user] });
});

describe("a key that nobody accepted (R14)", () => {
  const unaccepted = { user: ghost.user, accountKey: new Uint8Array(32).fill(7) };
  /** The state after an act under the key, at event 5. */
  const acted = () =>
    taken(
      state(),
      { ...entry, by: own, of: ghost, members: [customer, own, ghost] },
      { unaccepted },
    ).state;
  const away = () => ({ ...acted(), joined: false, members: [customer, ghost] });

  test("waits for a person, also after a relay says that events are gone and this device is back", () => {
    const gone = stateAfterGap(acted(), 9);
    const linked: Shown = { kind: "device_added", by: own, members: entry.members, epoch: 8 };
    const { state: after } = taken(gone, { ...linked, seq: 12 }, { valid: true });
    expect(after).toMatchObject({ joined: true, unaccepted: [{ ...unaccepted, seq: 5 }] });
  });

  test("does not matter once a member has added this device's user anew", () => {
    const { state: after } = taken(away(), { ...entry, seq: 8 }, { valid: true });
    expect(after).toMatchObject({ joined: true, unaccepted: [] });
  });

  test("matters after a restore of the server, which shows an earlier addition again", () => {
    const rewound = { ...away(), seq: 2, changedAt: 1, unseen: true };
    const { state: after } = taken(rewound, { ...entry, seq: 3 }, { valid: true });
    expect(after).toMatchObject({ joined: true, unaccepted: [{ ...unaccepted, seq: 5 }] });
    const again = taken(after, { ...consent(entry.members), seq: 4, epoch: 4 }, { unaccepted });
    expect(again.state.unaccepted).toEqual([{ ...unaccepted, seq: 5 }]);
  });
});

test("when a device comes back, staff who were certified when it left must be certified again (R13)", () => {
  const away = state({ joined: false, members: [customer, ghost] });
  const { state: after, items } = taken(away, entry, { valid: true, certified: new Set() });
  expect(after).toMatchObject({ joined: true, uncertified: [ghost.user] });
  expect(items.at(-1)).toMatchObject({ code: "staff_not_certified", user: ghost.user });
  expect(taken(away, entry, { valid: true }).state.uncertified).toEqual([]);
});

test("a consent whose receipt is not valid shows its problem only (R14)", () => {
  const problem = { code: "invalid_receipt", user: customer.user } as const;
  const { items } = taken(state(), consent([customer, own]), { problems: [problem] });
  expect(items).toEqual([{ kind: "problem", seq: 5, ...problem }]);
});

test("after a gap, a consent that nobody signed shows its problem only, and no list (R14)", () => {
  const before = stateAfterGap(state(), 9);
  const verdict = { kind: "unproven", actor: customer.user } as const;
  const shown = consent([customer, own, ghost], 8);
  const { items, state: after } = taken(before, shown, { verdict });
  expect(items).toEqual([
    { kind: "problem", seq: 10, code: "invalid_receipt", user: customer.user },
  ]);
  expect(after).toMatchObject({ members: [customer, own], unseen: true, malformed: false });
});

test("events that the relay passed over are a gap (R5)", () => {
  const { passed } = taken(stateAfterGap(state(), 9), { ...entry, seq: 20, epoch: 8 });
  expect(passed).toEqual({ from: 10, to: 19 });
  const away = state({ joined: false, members: [customer] });
  expect(taken(away, { ...entry, seq: 20, epoch: 8 }).passed).toBeUndefined();
});
