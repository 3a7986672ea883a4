import fc from "fast-check";
import {
  decideDirectory,
  type DirectoryAction,
  type DirectoryFacts,
} from "../../../policies/directory.ts";
import type { Role } from "../../../policies/actor.ts";
import { actor, allRoles, anyActor, tenants, users } from "./actors.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

const facts = (changes: Partial<DirectoryFacts> = {}): DirectoryFacts => ({
  tenant: idOf("t-1"),
  user: idOf("u-2"),
  role: "customer",
  sharesConversation: false,
  ...changes,
});

type Row = [Role, DirectoryAction, string, Partial<DirectoryFacts>, boolean];

test.each<Row>([
  ["customer", "read_devices", "of staff", { role: "agent" }, true],
  ["customer", "take_bundle", "of staff", { role: "agent" }, true],
  ["customer", "read_devices", "of a co-member", { sharesConversation: true }, true],
  ["customer", "read_devices", "of a stranger", {}, false],
  ["customer", "take_bundle", "of a stranger", {}, false],
  ["customer", "read_devices", "of their own account", { user: idOf("u-1") }, true],
  ["agent", "read_devices", "of any customer", {}, true],
  ["agent", "take_bundle", "of any customer", {}, true],
  ["bot", "take_bundle", "of any customer", {}, true],
  ["archiver", "read_devices", "of any customer", {}, true],
  ["archiver", "take_bundle", "of any customer", {}, false],
  ["moderator", "read_devices", "of any customer", {}, false],
  ["admin", "read_devices", "of any customer", {}, true],
  ["admin", "take_bundle", "of any customer", {}, false],
  [
    "customer",
    "publish_prekeys",
    "for their device",
    { user: idOf("u-1"), device: idOf("d-1") },
    true,
  ],
  [
    "customer",
    "publish_prekeys",
    "for another device of theirs",
    { user: idOf("u-1"), device: idOf("d-2") },
    false,
  ],
  ["supervisor", "publish_prekeys", "for another's device", { device: idOf("d-1") }, false],
  [
    "customer",
    "revoke_device",
    "of their account",
    { user: idOf("u-1"), device: idOf("d-2") },
    true,
  ],
  ["admin", "revoke_device", "of their account", { user: idOf("u-1"), device: idOf("d-1") }, true],
  ["admin", "revoke_device", "of another's account", { device: idOf("d-2") }, true],
  [
    "admin",
    "revoke_device",
    "of another tenant",
    { tenant: idOf("t-2"), device: idOf("d-2") },
    false,
  ],
  ["supervisor", "revoke_device", "of another's account", { device: idOf("d-2") }, false],
  ["admin", "reset_account", "of a customer", {}, true],
  ["admin", "reset_account", "of another admin", { role: "admin" }, true],
  ["admin", "reset_account", "of their own", { user: idOf("u-1") }, false],
  ["admin", "reset_account", "of another tenant", { tenant: idOf("t-2") }, false],
])("%s may %s %s: %s", (role, action, _what, changes, allowed) => {
  expect(decideDirectory(actor(role), action, facts(changes)).allowed).toBe(allowed);
});

test("an actor without a device neither publishes prekeys nor removes a device", () => {
  for (const role of allRoles)
    for (const action of ["publish_prekeys", "revoke_device"] as const) {
      const without = actor(role, { device: undefined });
      const decision = decideDirectory(
        without,
        action,
        facts({ user: idOf("u-1"), device: idOf("d-1") }),
      );
      expect(decision).toMatchObject({ allowed: false, reasons: ["device_not_registered"] });
    }
});

test("only an administrator with a registered device resets an account", () => {
  for (const role of allRoles) {
    const reasonOf = (device: DeviceId | undefined) =>
      decideDirectory(actor(role, { device }), "reset_account", facts()).reasons;
    expect(reasonOf(idOf("d-1"))).toEqual([role === "admin" ? "admin" : `role_${role}`]);
    expect(reasonOf(undefined)).toEqual([
      role === "admin" ? "device_not_registered" : `role_${role}`,
    ]);
  }
});

test("an actor cannot read another tenant's directory, for any facts", () => {
  const anyFacts: fc.Arbitrary<DirectoryFacts> = fc.record({
    tenant: fc.constantFrom(...tenants),
    user: fc.constantFrom(...users),
    role: fc.constantFrom(...allRoles),
    sharesConversation: fc.boolean(),
    device: fc.option(fc.constantFrom(...["d-1", "d-2"].map(idOf<DeviceId>)), { nil: undefined }),
  });
  const actions = fc.constantFrom<DirectoryAction>(
    "read_devices",
    "take_bundle",
    "publish_prekeys",
    "revoke_device",
    "reset_account",
  );
  fc.assert(
    fc.property(anyActor, actions, anyFacts, (who, action, about) => {
      const { allowed, reasons } = decideDirectory(who, action, about);
      return reasons.length > 0 && (who.tenant === about.tenant || !allowed);
    }),
    { seed: 20_260_102, numRuns: 3000 },
  );
});
