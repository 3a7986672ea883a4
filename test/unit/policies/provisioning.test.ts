import { decideProvisionedAccount } from "../../../policies/provisioning.ts";

const mapping = [
  { group: "leads", role: "supervisor" },
  { group: "support", role: "agent" },
] as const;
const facts = {
  active: true,
  groups: ["support"],
  mapping,
  gaveRole: true,
  disabledBy: undefined,
};

test.each([
  ["a mapped group gives its role", {}, "agent", "mapped_group"],
  ["the first mapping decides", { groups: ["support", "leads"] }, "supervisor", "mapped_group"],
  ["no group", { groups: [] }, undefined, "no_mapped_group"],
  ["a group of another case", { groups: ["Support"] }, undefined, "no_mapped_group"],
  ["a person who is not active", { active: false }, undefined, "person_inactive"],
  ["nothing is mapped", { mapping: [] }, undefined, "no_mapped_group"],
  ["a provider opens what it closed", { disabledBy: "this_provider" }, "agent", "mapped_group"],
  [
    "a provider does not open what somebody else closed",
    { disabledBy: "somebody_else" },
    undefined,
    "disabled_by_another",
  ],
] as const)("%s", (_name, changes, role, reason) => {
  expect(decideProvisionedAccount({ ...facts, ...changes })).toEqual({
    decision: { allowed: role !== undefined, reasons: [reason] },
    role,
  });
});

test("an account from before stays as it is until the provider gives it a role or says that the person left", () => {
  const before = { ...facts, groups: [], gaveRole: false };
  expect(decideProvisionedAccount(before)).toEqual({
    decision: { allowed: true, reasons: ["no_role_given_yet"] },
    role: undefined,
  });
  for (const changes of [{ active: false }, { disabledBy: "this_provider" }] as const)
    expect(decideProvisionedAccount({ ...before, ...changes }).decision.allowed).toBe(false);
});
