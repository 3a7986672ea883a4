/** Planted faults: one rule each that a device does not follow. */
import { decodePayload } from "../../crypto/device/payload.ts";
import { rules, type Rules } from "./rules.ts";
import { deep, linked, relisted, removed, signed, type Scenario } from "./scenarios.ts";

export interface Fault {
  /** The number in docs/receiver.md. */
  readonly rule: string;
  readonly name: string;
  readonly rules: Rules;
  readonly scenario: Scenario;
  /** How far the explorer must look, if it is further than for the others. */
  readonly bounds: { readonly steps?: number; readonly depth?: number };
  /** What the explorer must find. */
  readonly breaks: RegExp;
}

const fault = (
  rule: string,
  name: string,
  changed: Partial<Rules>,
  breaks: RegExp,
  scenario = linked,
  bounds: Fault["bounds"] = {},
): Fault => ({
  rule,
  name,
  rules: { ...rules, ...changed },
  breaks,
  scenario,
  bounds,
});

export const faults: readonly Fault[] = [
  fault(
    "R4",
    "continues a log from any hash",
    {
      classifyEvent: (state, event, control, self) =>
        rules.classifyEvent(state && { ...state, afterGap: true }, event, control, self),
    },
    /both have event \d, and not the same event \d/,
  ),
  fault(
    "R3",
    "passes over missing events",
    {
      classifyEvent: (state, event, control, self) => {
        const place = rules.classifyEvent(state, event, control, self);
        return place.kind === "missing" ? { kind: "next" } : place;
      },
      step: (...told) => ({ ...rules.step(...told), passed: undefined }),
    },
    /has no event \d, and shows no gap/,
  ),
  fault(
    "R5",
    "does not show that it was passed over",
    { step: (...told) => ({ ...rules.step(...told), passed: undefined }) },
    /has no event \d, and shows no gap/,
  ),
  fault(
    "R7",
    "takes every list of members",
    {
      judgeControl: (before, event, control, self, found) => {
        const verdict = rules.judgeControl(before, event, control, self, found);
        return verdict.kind === "malformed" && control !== undefined
          ? {
              kind: "accepted",
              control,
              arrived: [],
              departed: [],
              enters: false,
              receipt: undefined,
            }
          : verdict;
      },
    },
    /seals for Mallory, which was not shown/,
  ),
  fault(
    "R8",
    "does not show who came unseen",
    {
      judgeControl: (before, event, control, self, found) => {
        const verdict = rules.judgeControl(before, event, control, self, found);
        return verdict.kind === "accepted" ? { ...verdict, arrived: [] } : verdict;
      },
    },
    /seals for \w+, which was not shown/,
  ),
  fault(
    "R28",
    "seals what was written before somebody came unseen",
    { isOvertaken: () => false },
    /seals what was written at \d for somebody who came unseen at \d/,
  ),
  fault(
    "R26",
    "does not compare the list with certificates",
    { findMislistedMember: () => undefined },
    /seals for Mallory, which was not shown/,
  ),
  fault(
    "R14",
    "takes an act wherever it stands",
    {
      judgeControl: (before, event, control, self, found) => {
        const anywhere = found && { ...found, followed: undefined };
        return rules.judgeControl(
          before && { ...before, changedAt: 0 },
          event,
          control,
          self,
          anywhere,
        );
      },
    },
    /takes an act again/,
    signed,
  ),
  fault(
    "R6",
    "lets everybody act whom the authority certifies",
    {
      judgeControl: (before, event, control, self, found) => {
        const certified = found && { ...found, certified: { role: "supervisor" } };
        return rules.judgeControl(before, event, control, self, certified);
      },
    },
    /seals for Mallory, whom no member added/,
    signed,
  ),
  fault(
    "R15",
    "opens messages of a device that an event removed",
    { isSilenced: (known, hello) => rules.isSilenced({ ...known, isRemovedHere: false }, hello) },
    /shows a message of Ben2, which left/,
    relisted,
    { steps: 4, depth: 6 },
  ),
  fault(
    "R15",
    "opens messages of a device whose removal it has read in the key log",
    { isSilenced: ({ isRemovedHere }) => isRemovedHere },
    /shows a message of Ben2, which was removed before/,
    removed,
    { steps: 4, depth: 5 },
  ),
  fault(
    "R15",
    "silences a device before the conversation has caught up",
    { isSilenced: (known) => known.isRemovedHere || known.readAfterHello !== undefined },
    /refuses what Ben2 may have said before its removal/,
    removed,
  ),
  fault(
    "R15",
    "opens messages of devices that are no members'",
    {
      refusalOf: (state, sender, event) => {
        const refusal = rules.refusalOf(state, sender, event);
        return refusal === "not_a_member" && state?.epoch === event.epoch ? undefined : refusal;
      },
    },
    /who is no member/,
  ),
  fault(
    "R15",
    "opens messages of another epoch",
    {
      refusalOf: (state, sender, event) => {
        const refusal = rules.refusalOf(state, sender, event);
        return refusal === "wrong_epoch" ? undefined : refusal;
      },
    },
    /shows a message of another epoch/,
  ),
  fault(
    "R16",
    "does not compare a message with its header",
    { openPayload: (payload) => decodePayload(payload) },
    /shows a message of \w+ as one of Mallory/,
    deep,
  ),
  fault(
    "R17",
    "does not compare what the author saw",
    { isSameLog: () => true },
    /who had another event \d/,
  ),
];
