import { decideMonitorReading } from "../../../policies/audit-access.ts";

const served = { suspendedAtMs: null };

test.each([
  ["a token that nobody has", undefined, served, ["unknown_token"]],
  ["an expired token", { expiresAtMs: 5 }, served, ["token_expired"]],
  ["a tenant that is suspended", { expiresAtMs: 6 }, { suspendedAtMs: 1 }, ["tenant_suspended"]],
  ["a valid token", { expiresAtMs: 6 }, served, ["monitors_audit_log"]],
])("a monitor with %s", (_, monitor, tenant, reasons) => {
  const decision = decideMonitorReading(monitor, tenant, 5);
  expect([decision.allowed, decision.reasons]).toEqual([
    reasons[0] === "monitors_audit_log",
    reasons,
  ]);
});
