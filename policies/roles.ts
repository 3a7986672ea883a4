/** The role of an account. Every role except `customer` is staff. */
export type Role =
  | "customer"
  | "agent"
  | "supervisor"
  | "moderator"
  | "admin"
  | "bot"
  | "archiver"
  | "auditor"
  | "compliance_officer"
  | "privacy_officer";

export const roles: readonly Role[] = [
  "customer",
  "agent",
  "supervisor",
  "moderator",
  "admin",
  "bot",
  "archiver",
  "auditor",
  "compliance_officer",
  "privacy_officer",
];

export type StaffRole = Exclude<Role, "customer">;

export const isStaff = (role: Role): role is StaffRole => role !== "customer";

export const staffRoles: readonly StaffRole[] = roles.filter(isStaff);

/** Staff roles that talk to customers. An admin runs the installation and reads no conversation. */
export const conversingRoles: readonly Role[] = ["agent", "supervisor", "bot"];

/** Staff roles that can be members of a conversation. An archiver is a visible member that only receives. */
export const memberRoles: readonly Role[] = [...conversingRoles, "archiver"];

/** Returns whether an account of the role keeps what it receives as records. */
export const isArchiver = (role: Role): boolean => role === "archiver";

/** Roles of programs. No person sits in front of them. */
export const programRoles: readonly Role[] = ["bot", "archiver"];

/** Roles that may read the audit log of their tenant, and that nobody writes to. */
export const auditRoles: readonly Role[] = ["auditor", "compliance_officer"];

/** Staff roles to which nobody writes or hands over, so that the list of staff leaves them out. */
export const unlistedRoles: readonly Role[] = [...auditRoles, "privacy_officer", "moderator"];
