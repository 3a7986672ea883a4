import fc from "fast-check";
import { decideConversation, type ConversationFacts } from "../../../policies/abilities.ts";
import { explainDecision } from "../../../policies/explanation.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, anyActor, anyConversation, conversationActions } from "./actors.ts";

const facts = (changes: Partial<ConversationFacts> = {}): ConversationFacts => ({
  tenant: idOf("t-1"),
  createdBy: idOf("u-2"),
  members: [idOf("u-2")],
  state: "closed",
  ...changes,
});

test("an explanation says which conditions fail, and which depend on the request", () => {
  const { decision, rule, rules, version } = explainDecision(
    actor("agent"),
    "conversation",
    "add_member",
    facts(),
  );
  expect({ decision, rule, version }).toMatchObject({
    decision: { allowed: false, reasons: ["not_a_member", "conversation_closed", "role_agent"] },
    version: 0,
  });
  expect(rules).toEqual([
    {
      rule: "conversation.break_glass",
      role: true,
      device: true,
      conditions: [
        { fact: "brokenGlass", wanted: "$actor.user", holds: false },
        { fact: "state", wanted: "open", holds: false },
        { fact: "subject.user", wanted: "$actor.user", holds: undefined },
        { fact: "subject.role", wanted: "$actor.role", holds: undefined },
      ],
    },
    {
      rule: "conversation.join",
      role: true,
      device: true,
      conditions: [
        { fact: "state", wanted: "open", holds: false },
        { fact: "subject.user", wanted: "$actor.user", holds: undefined },
        { fact: "subject.role", wanted: "$actor.role", holds: undefined },
      ],
    },
    {
      rule: "conversation.hand_over",
      role: true,
      device: true,
      conditions: [
        { fact: "members", wanted: "$actor.user", holds: false },
        { fact: "state", wanted: "open", holds: false },
        {
          fact: "subject.role",
          wanted: { $in: ["agent", "supervisor", "bot", "archiver"] },
          holds: undefined,
        },
        { fact: "membersByBreakGlass", wanted: { $ne: "$actor.user" }, holds: true },
      ],
    },
    {
      rule: "conversation.supervise",
      role: false,
      device: true,
      conditions: [
        { fact: "state", wanted: "open", holds: false },
        {
          fact: "subject.role",
          wanted: { $in: ["agent", "supervisor", "bot", "archiver"] },
          holds: undefined,
        },
        { fact: "membersByBreakGlass", wanted: { $ne: "$actor.user" }, holds: true },
        { fact: "subject.user", wanted: { $ne: "$actor.user" }, holds: undefined },
      ],
    },
  ]);
});

test("a rule that needs a device says so", () => {
  const explained = explainDecision(
    actor("admin", { device: undefined }),
    "directory",
    "reset_account",
    { tenant: idOf("t-1"), user: idOf("u-2"), role: "agent", sharesConversation: false },
  );
  expect(explained.decision).toEqual({ allowed: false, reasons: ["device_not_registered"] });
  expect(explained.rules).toMatchObject([
    { rule: "directory.reset", role: true, device: false, conditions: [{ holds: true }] },
  ]);
});

test("an explanation agrees with the decision, and with what it says of each rule", () => {
  fc.assert(
    fc.property(
      anyActor,
      fc.constantFrom(...conversationActions),
      anyConversation,
      (by, action, found) => {
        const { decision, rule, rules } = explainDecision(by, "conversation", action, found);
        expect(decision).toEqual(decideConversation(by, action, found));
        expect(decision.allowed).toBe(rule !== undefined);
        const fulfilled = rules.filter(
          ({ role, device, conditions }) =>
            role && device && conditions.every(({ holds }) => holds === true),
        );
        const isOwnTenant = found.tenant === by.tenant;
        if (isOwnTenant) expect(fulfilled.map((each) => each.rule).at(-1)).toBe(rule);
        expect(rules.length).toBe(
          defaultPolicy.rules.filter(
            ({ resource, actions }) => resource === "conversation" && actions.includes(action),
          ).length,
        );
      },
    ),
    { seed: 13, numRuns: 1_000 },
  );
});
