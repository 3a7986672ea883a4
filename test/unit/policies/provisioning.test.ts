import { decideProvisionedAccount } from "../../../policies/provisioning.ts";

const mapping = [
  { group: "leads", role: "supervisor" },
  { group: "support", role: "agent" },
] as const;
const facts = { active: true, groups: ["support"], mapping };

test.each([
  ["a mapped group gives its role", {}, "agent", "mapped_group"],
  ["the first mapping decides", { groups: ["support", "leads"] }, "supervisor", "mapped_group"],
  ["no group", { groups: [] }, undefined, "no_mapped_group"],
  ["a group of another case", { groups: ["Support"] }, undefined, "no_mapped_group"],
  ["a person who is not active", { active: false }, undefined, "person_inactive"],
  ["nothing is mapped", { mapping: [] }, undefined, "no_mapped_group"],
] as const)("%s", (_name, changes, role, reason) => {
  expect(decideProvisionedAccount({ ...facts, ...changes })).toEqual({
    decision: { allowed: role !== undefined, reasons: [reason] },
    role,
  });
});
