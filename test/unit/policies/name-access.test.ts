import { decideNameReading } from "../../../policies/name-access.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, allRoles } from "./actors.ts";

test("only auditors and officers learn the names behind ids", () => {
  const allowed = allRoles.filter((role) => decideNameReading(actor(role), idOf("t-1")).allowed);
  expect(allowed).toEqual(["auditor", "compliance_officer", "privacy_officer"]);
  expect(decideNameReading(actor("agent"), idOf("t-1")).reasons).toEqual(["role_agent"]);
});

test("nobody learns names of another tenant", () => {
  for (const role of allRoles)
    expect(decideNameReading(actor(role), idOf("t-2"))).toEqual({
      allowed: false,
      reasons: ["foreign_tenant"],
    });
});
