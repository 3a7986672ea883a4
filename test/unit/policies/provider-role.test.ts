import { decideProviderSignIn } from "../../../policies/provider-role.ts";

const mapping = [
  { group: "leads", role: "supervisor" },
  { group: "support", role: "agent" },
] as const;
const facts = {
  mapping,
  groups: ["support"],
  currentRole: undefined,
  accounts: "jit" as const,
  isProvisioned: false,
  isDisabled: false,
};

test.each([
  ["the first match decides", { groups: ["support", "leads"] }, "supervisor", "mapped_group"],
  ["a new account", {}, "agent", "mapped_group"],
  ["another role than before", { currentRole: "supervisor" }, "agent", "mapped_group"],
  ["no group", { groups: [] }, undefined, "no_mapped_group"],
  ["groups without a role", { groups: ["Support", "support "] }, undefined, "no_mapped_group"],
  [
    "a role does not outlast the groups",
    { groups: [], currentRole: "agent" },
    undefined,
    "no_mapped_group",
  ],
  ["no account, and none is created", { accounts: "existing" }, undefined, "no_account"],
  [
    "a person who comes over SCIM keeps the role from there",
    { accounts: "scim-only", isProvisioned: true, currentRole: "agent", groups: ["leads"] },
    "agent",
    "provisioned",
  ],
  [
    "an account that the provider has not written over SCIM",
    { accounts: "scim-only", currentRole: "agent" },
    undefined,
    "no_account",
  ],
  [
    "a person without an account yet",
    { accounts: "scim-only", isProvisioned: true },
    undefined,
    "no_account",
  ],
  [
    "a disabled account, whatever the groups say",
    { currentRole: "agent", isDisabled: true },
    undefined,
    "account_disabled",
  ],
  ["roles that are given here", { mapping: [], currentRole: "admin" }, "admin", "own_role"],
  ["nobody gives a role", { mapping: [] }, undefined, "no_mapped_group"],
] as const)("%s", (_name, changes, role, reason) => {
  expect(decideProviderSignIn({ ...facts, ...changes })).toEqual({
    decision: { allowed: role !== undefined, reasons: [reason] },
    role,
  });
});
