import type { TenantId, UserId, DeviceId, SessionId } from "../crypto/wire/ids.ts";

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

/** The author of a request, as proved by its access token and device proof. */
export interface Actor {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly role: Role;
  /** The device whose key signed the proof; undefined until that device is registered. */
  readonly device: DeviceId | undefined;
  readonly session: SessionId;
  /** The way in which the session was opened: "password", "customer_token" or "oidc". */
  readonly method: string;
  /** Identifies the request in the audit log and the server's log; undefined for frames. */
  readonly requestId?: string | undefined;
}

/** The facts about another account that a decision needs. */
export interface Subject {
  readonly user: UserId;
  readonly role: Role;
}

export type StaffRole = Exclude<Role, "customer">;

export const isStaff = (role: Role): role is StaffRole => role !== "customer";

export const staffRoles: readonly StaffRole[] = roles.filter(isStaff);

/** Staff roles that talk to customers. An admin runs the installation and reads no conversation. */
export const conversingRoles: readonly Role[] = ["agent", "supervisor", "bot"];

/** Roles that may read the audit log of their tenant, and nothing else. */
export const auditRoles: readonly Role[] = ["auditor", "compliance_officer"];
