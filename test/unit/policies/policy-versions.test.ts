import fc from "fast-check";
import { decideConversation } from "../../../policies/abilities.ts";
import { decideAuditReading } from "../../../policies/audit-access.ts";
import { decideDirectory } from "../../../policies/directory.ts";
import { defaultPolicy, type Policy } from "../../../policies/policy.ts";
import { roles } from "../../../policies/roles.ts";
import { defaultRules } from "../../../policies/rules/default-rules.ts";
import { comparePolicies } from "../../../policies/versions/compare-policies.ts";
import { compilePolicy } from "../../../policies/versions/compile-policy.ts";
import { compileRule } from "../../../policies/versions/compile-rule.ts";
import { floors } from "../../../policies/versions/floors.ts";
import type { AddedRule, PolicyChanges } from "../../../policies/versions/policy-changes.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, anyActor, anyConversation, conversationActions } from "./actors.ts";

const version = (changes: Partial<PolicyChanges>): Policy => {
  const { policy, faults } = compilePolicy(1, { off: [], add: [], ...changes });
  expect(faults).toEqual([]);
  return policy as Policy;
};

const rule = (changes: Partial<AddedRule>): AddedRule => ({
  id: "local.rule",
  actions: ["read"],
  roles: ["supervisor"],
  conditions: {},
  means: "Always.",
  ...changes,
});

test("a version without changes decides as the default rules", () => {
  expect(version({}).rules).toEqual(defaultPolicy.rules);
});

test("a rule that is switched off allows nothing", () => {
  const policy = version({ off: ["conversation.close"] });
  const close = (by: Policy) =>
    decideConversation(actor("agent", { policy: by }), "close", {
      tenant: idOf("t-1"),
      createdBy: idOf("u-2"),
      members: [idOf("u-1")],
      state: "open",
    });
  expect([close(defaultPolicy).allowed, close(policy).allowed]).toEqual([true, false]);
});

test("a rule that narrows another needs what that one needs, and more", () => {
  const policy = version({
    off: ["conversation.hand_over"],
    add: [
      rule({
        id: "local.hand_over_to_bots",
        narrows: "conversation.hand_over",
        actions: ["add_member"],
        roles: ["agent"],
        conditions: { "subject.role": "bot" },
      }),
    ],
  });
  const add = (role: "agent" | "bot", members: string[]) =>
    decideConversation(actor("agent", { policy }), "add_member", {
      tenant: idOf("t-1"),
      createdBy: idOf("u-2"),
      members: members.map((each) => idOf(each)),
      state: "open",
      subject: { user: idOf("u-3"), role },
    }).allowed;
  expect([add("bot", ["u-1"]), add("agent", ["u-1"]), add("bot", [])]).toEqual([
    true,
    false,
    false,
  ]);
});

test("a rule can allow more, to the roles and under the conditions of the floor", () => {
  const reads = version({ add: [rule({ resource: "audit_log" })] });
  expect(decideAuditReading(actor("supervisor", { policy: reads }), idOf("t-1")).allowed).toBe(
    true,
  );
  const resets = version({ add: [rule({ resource: "directory", actions: ["reset_account"] })] });
  const reset = (user: string, device: string | undefined) =>
    decideDirectory(
      actor("supervisor", { policy: resets, device: device === undefined ? device : idOf(device) }),
      "reset_account",
      { tenant: idOf("t-1"), user: idOf(user), role: "agent", sharesConversation: false },
    ).allowed;
  expect([reset("u-2", "d-1"), reset("u-1", "d-1"), reset("u-2", undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each<[string, Partial<PolicyChanges>, string]>([
  ["an unknown rule", { off: ["conversation.fly"] }, "no default rule"],
  ["the right to approve", { off: ["policy.approve"] }, "No version switches off"],
  ["taking a consent back", { off: ["conversation.consent"] }, "No version switches off"],
  ["removing a device of one's own", { off: ["directory.manage_own"] }, "No version switches off"],
  ["the frames of the relay", { off: ["relay.receive"] }, "No version switches off"],
  [
    "a right over the policy",
    { add: [rule({ resource: "policy", actions: ["approve"] })] },
    "No version changes",
  ],
  [
    "content for a role that has none",
    { add: [rule({ resource: "conversation", roles: ["admin"] })] },
    "can only be narrowed",
  ],
  [
    "a wider role than the rule that it narrows",
    { add: [rule({ narrows: "conversation.read", roles: ["admin"] })] },
    "allows admin",
  ],
  [
    "a field that cannot be left out",
    { add: [rule({ narrows: "conversation.read", roles: ["agent"], fields: ["members"] })] },
    "no field members of conversation",
  ],
  [
    "a field that the narrowed rule does not show",
    {
      add: [
        rule({
          narrows: "staff_list.read_without_names",
          roles: ["bot"],
          fields: ["displayName"],
        }),
      ],
    },
    "It shows displayName",
  ],
  [
    "another action than the rule that it narrows",
    { add: [rule({ narrows: "conversation.read", actions: ["post"] })] },
    "allows post",
  ],
  [
    "an act of an auditor",
    { add: [rule({ resource: "directory", actions: ["revoke_device"], roles: ["auditor"] })] },
    "The role auditor may never do revoke_device",
  ],
  [
    "an unknown action",
    { add: [rule({ resource: "audit_log", actions: ["erase"] })] },
    "No version changes",
  ],
  [
    "an action of every object",
    { add: [rule({ resource: "audit_log", actions: ["toString"] })] },
    "No version",
  ],
  ["an unknown resource", { add: [rule({ resource: "__proto__" })] }, "must name a resource"],
  ["no resource", { add: [rule({})] }, "must name a resource"],
  [
    "an unknown fact",
    { add: [rule({ narrows: "conversation.read", conditions: { tenant: "x" } })] },
    "no fact tenant",
  ],
  [
    "a fact of every object",
    { add: [rule({ narrows: "conversation.read", conditions: { constructor: "x" } })] },
    "no fact constructor",
  ],
  [
    "a fact that is unknown for the action, which $ne would fulfil",
    {
      add: [rule({ narrows: "conversation.read", conditions: { "subject.role": { $ne: "bot" } } })],
    },
    "is not known for the action read",
  ],
  [
    "an unknown operator",
    { add: [rule({ narrows: "conversation.read", conditions: { state: { $regex: "." } } })] },
    "operator $regex, which does not exist",
  ],
  [
    "two operators",
    {
      add: [
        rule({ narrows: "conversation.read", conditions: { state: { $ne: "open", $eq: "open" } } }),
      ],
    },
    "exactly one operator",
  ],
  [
    "a value of another kind",
    { add: [rule({ narrows: "conversation.read", conditions: { state: true } })] },
    "must be one of open, closed",
  ],
  [
    "an unknown claim",
    {
      add: [rule({ narrows: "conversation.read", conditions: { createdBy: "$actor.clearance" } })],
    },
    '"$actor.user"',
  ],
  [
    "the assurance of staff",
    { add: [rule({ narrows: "conversation.read", conditions: { assurance: 2 } })] },
    "The fact assurance is not known of the role",
  ],
  [
    "an assurance level that does not exist",
    {
      add: [
        rule({
          narrows: "conversation.read",
          roles: ["customer"],
          conditions: { assurance: { $gte: 4 } },
        }),
      ],
    },
    "must be a whole number from 0 to 3",
  ],
  [
    "an order of what is no number",
    { add: [rule({ narrows: "conversation.read", conditions: { state: { $gte: "open" } } })] },
    "is no number, so it has no $gte",
  ],
  [
    "two rules of one id",
    { add: [rule({ resource: "audit_log" }), rule({ resource: "account_names" })] },
    "the same id",
  ],
])("a version is refused that has %s", (_what, changes, why) => {
  const { policy, faults } = compilePolicy(1, { off: [], add: [], ...changes });
  expect(policy).toBeUndefined();
  expect(faults.join(" ")).toContain(why);
});

const anyCondition = fc.oneof(
  fc.constant<AddedRule["conditions"]>({}),
  fc.constantFrom<AddedRule["conditions"]>(
    { state: "closed" },
    { state: { $ne: "open" } },
    { members: "$actor.user" },
    { members: { $nin: ["$actor.user"] } },
    { createdBy: { $ne: "$actor.user" } },
  ),
);

const anyChanges: fc.Arbitrary<PolicyChanges> = fc.record({
  off: fc.subarray(defaultRules.map(({ id }) => id)),
  add: fc
    .array(
      fc.record({
        narrows: fc.option(fc.constantFrom(...defaultRules.map(({ id }) => id)), {
          nil: undefined,
        }),
        resource: fc.constantFrom(...Object.keys(floors)),
        actions: fc.subarray([...conversationActions], { minLength: 1, maxLength: 2 }),
        roles: fc.subarray([...roles], { minLength: 1 }),
        conditions: anyCondition,
      }),
      { maxLength: 3 },
    )
    .map((added) => added.map((each, at) => rule({ ...each, id: `local.rule_${"abc"[at]}` }))),
});

const mayBeOff = defaultRules
  .map(({ id }) => id)
  .filter((id) => compilePolicy(1, { off: [id], add: [] }).faults.length === 0);

/** The rules of a version that compile, so that random ones are not all refused for one of them. */
const compiling = ({ off, add }: PolicyChanges): Policy =>
  version({
    off: off.filter((id) => mayBeOff.includes(id)),
    add: add.filter((each) => typeof compileRule(each) !== "string"),
  });

test("no version lets anybody do what devices would refuse, or read content", () => {
  const narrow = conversationActions.filter((action) => floors.conversation[action] === "narrow");
  let allowed = 0;
  fc.assert(
    fc.property(
      anyChanges.map(compiling),
      anyActor,
      fc.constantFrom(...narrow),
      anyConversation,
      (policy, by, action, facts) => {
        if (!decideConversation({ ...by, policy }, action, facts).allowed) return;
        allowed++;
        expect(decideConversation(by, action, facts).allowed).toBe(true);
      },
    ),
    { seed: 13, numRuns: 1_000 },
  );
  expect(allowed).toBeGreaterThan(20);
});

test("no floor lets an auditor act, an admin read conversations, or anybody change the policy", () => {
  for (const [resource, actions] of Object.entries(floors))
    for (const [action, floor] of Object.entries(actions)) {
      if (typeof floor === "string") continue;
      if (floor.roles.includes("auditor")) expect(action).toMatch(/^read/);
      const allowed = new Set<string>(floor.roles);
      if (resource === "conversation") expect(allowed.has("admin")).toBe(false);
      expect([resource, floor.roles]).not.toEqual(["policy", expect.anything()]);
      expect(allowed.has("customer")).toBe(false);
    }
});

test("a comparison says what each role loses and gains", () => {
  const after = version({
    off: ["conversation.close", "directory.for_staff"],
    add: [
      rule({
        id: "local.close",
        narrows: "conversation.close",
        actions: ["close"],
        roles: ["supervisor"],
        conditions: { createdBy: { $ne: "$actor.user" } },
      }),
      rule({ id: "local.audit", resource: "audit_log" }),
    ],
  });
  expect(
    comparePolicies(defaultPolicy, after).map(
      ({ role, resource, action, effect }) => `${role} ${resource}.${action} ${effect}`,
    ),
  ).toEqual([
    "agent conversation.close lost",
    "supervisor conversation.close changed",
    "bot conversation.close lost",
    ...["read_devices", "take_bundle"].flatMap((action) =>
      ["agent", "supervisor", "bot"].map((role) => `${role} directory.${action} narrowed`),
    ),
    "supervisor audit_log.read gained",
  ]);
  expect(comparePolicies(after, after)).toEqual([]);
});
