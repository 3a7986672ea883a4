import fc from "fast-check";
import { decideConversation } from "../../../policies/abilities.ts";
import { decideOpening, decideRestriction } from "../../../policies/restrictions.ts";
import { decideRelay } from "../../../policies/relay-access.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import {
  actor,
  allRoles,
  anyActor,
  anyConversation,
  conversationActions,
  users,
} from "./actors.ts";

const custodians = fc.subarray([...users]);

test("in a restricted conversation, custodians read as far as they might before, and nobody changes anything", () =>
  fc.assert(
    fc.property(
      anyActor,
      fc.constantFrom(...conversationActions),
      anyConversation,
      custodians,
      (who, action, facts, restrictedTo) => {
        const before = decideConversation(who, action, facts);
        const { allowed, reasons } = decideConversation(who, action, { ...facts, restrictedTo });
        const isReading = ["read", "download", "read_links"].includes(action);
        const isCustodian =
          restrictedTo.includes(who.user) && ["agent", "supervisor"].includes(who.role);
        const expected =
          before.allowed && (action === "read_members" || (isReading && isCustodian));
        if (!before.allowed) expect(reasons).toEqual(before.reasons);
        else if (!expected) expect(reasons).toEqual(["processing_restricted"]);
        expect(allowed).toBe(expected);
      },
    ),
    { seed: 14 },
  ));

test("the relay shows a restricted conversation to its custodians alone", () => {
  const facts = { tenant: actor("agent").tenant, isMember: true, wasMember: true };
  const receives = (restrictedTo?: readonly UserId[]) =>
    decideRelay(actor("agent"), "receive", { ...facts, restrictedTo }).allowed;
  expect([receives(), receives([]), receives([idOf("u-2")]), receives([idOf("u-1")])]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(decideOpening(actor("customer"), [idOf("u-1")]).allowed).toBe(false);
});

test("officers restrict others with a registered device, and customers see their own", () => {
  const facts = { tenant: actor("agent").tenant, subject: "u-9" };
  for (const action of ["place", "lift"] as const)
    expect(
      allRoles.filter((role) => decideRestriction(actor(role), action, facts).allowed),
    ).toEqual(["compliance_officer", "privacy_officer"]);
  const officer = actor("privacy_officer");
  const reasons = (changes: object, about = facts) =>
    decideRestriction({ ...officer, ...changes }, "place", about).reasons;
  expect(reasons({ device: undefined })).toEqual(["device_not_registered"]);
  expect(reasons({}, { ...facts, subject: officer.user })).toContain("own_restriction");
  expect(reasons({ tenant: idOf("t-2") })).toEqual(["foreign_tenant"]);
  const reads = (role: "customer" | "agent" | "auditor", subject: string) =>
    decideRestriction(actor(role), "read", { ...facts, subject }).allowed;
  expect([reads("customer", idOf("u-1")), reads("customer", "u-9")]).toEqual([true, false]);
  expect([reads("agent", idOf("u-1")), reads("auditor", "u-9")]).toEqual([false, true]);
});
