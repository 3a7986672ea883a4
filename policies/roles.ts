/** The role of an account. Every role except `customer` is staff. */
export type Role =
  "customer" | "agent" | "supervisor" | "admin" | "bot" | "auditor" | "compliance_officer";

export const roles: readonly Role[] = [
  "customer",
  "agent",
  "supervisor",
  "admin",
  "bot",
  "auditor",
  "compliance_officer",
];

export type StaffRole = Exclude<Role, "customer">;

export const isStaff = (role: Role): role is StaffRole => role !== "customer";

export const staffRoles: readonly StaffRole[] = roles.filter(isStaff);

/** Staff roles that talk to customers. An admin runs the installation and reads no conversation. */
export const conversingRoles: readonly Role[] = ["agent", "supervisor", "bot"];

/** Roles that may read the audit log of their tenant, and that nobody writes to. */
export const auditRoles: readonly Role[] = ["auditor", "compliance_officer"];
