import fc from "fast-check";
import type { Role } from "../../../policies/actor.ts";
import { decideLinking, type LinkAction, type LinkFacts } from "../../../policies/linking.ts";
import { actor, allRoles, anyActor, tenants, users } from "./actors.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const facts = (changes: Partial<LinkFacts> = {}): LinkFacts => ({
  tenant: idOf("t-1"),
  user: idOf("u-1"),
  byAsking: false,
  ...changes,
});
const newcomer = { device: undefined };

type Row = [LinkAction, string, object, Partial<LinkFacts>, boolean];

test.each<Row>([
  ["request", "a new device of the account", newcomer, { byAsking: true }, true],
  ["request", "a registered device", {}, { byAsking: true }, false],
  ["read", "the asking device", newcomer, { byAsking: true }, true],
  ["read", "the asking device, registered by now", {}, { byAsking: true }, true],
  ["read", "a registered device of the account", {}, {}, true],
  ["read", "another new device of the account", newcomer, {}, false],
  ["approve", "a registered device of the account", {}, {}, true],
  ["approve", "the asking device itself", newcomer, { byAsking: true }, false],
  ["approve", "the asking device itself, registered by now", {}, { byAsking: true }, false],
  ["approve", "another new device of the account", newcomer, {}, false],
  ["approve", "another account's device", {}, { user: idOf("u-2") }, false],
  ["refuse", "a registered device of the account", {}, {}, true],
  ["refuse", "another new device of the account", newcomer, {}, false],
  ["withdraw", "the asking device", newcomer, { byAsking: true }, true],
  ["withdraw", "a registered device of the account", {}, {}, false],
])("%s, by %s: %s", (action, _who, who, changes, allowed) => {
  for (const role of allRoles)
    expect(decideLinking(actor(role, who), action, facts(changes)).allowed).toBe(allowed);
});

test("an actor cannot use another account's or tenant's request, for any facts", () => {
  const anyFacts: fc.Arbitrary<LinkFacts> = fc.record({
    tenant: fc.constantFrom(...tenants),
    user: fc.constantFrom(...users),
    byAsking: fc.boolean(),
  });
  const actions = fc.constantFrom<LinkAction>("request", "read", "approve", "refuse", "withdraw");
  fc.assert(
    fc.property(anyActor, actions, anyFacts, (who, action, about) => {
      const { allowed, reasons } = decideLinking(who, action, about);
      expect(reasons.length).toBeGreaterThan(0);
      const own = who.tenant === about.tenant && who.user === about.user;
      return own || !allowed;
    }),
    { seed: 20_260_801 },
  );
});

test("a refusal names the obstacle", () => {
  const why = (role: Role, changes: Partial<LinkFacts>) =>
    decideLinking(actor(role), "withdraw", facts(changes)).reasons;
  expect(why("agent", { tenant: idOf("t-2") })).toEqual(["foreign_tenant"]);
  expect(why("agent", { user: idOf("u-2") })).toEqual(["foreign_account"]);
  expect(why("agent", {})).toEqual(["device_registered"]);
});
