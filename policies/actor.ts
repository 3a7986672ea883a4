import type { Uuid } from "../crypto/wire/uuid.ts";

/** What an account may be. Staff is every role but `customer`. */
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

/** Whose request this is, as its access token and device proof showed. */
export interface Actor {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly role: Role;
  /** The device whose key signed the proof; undefined until that device is registered. */
  readonly device: Uuid | undefined;
  readonly session: Uuid;
  /** How the session was opened: "password" or "customer_token". */
  readonly method: string;
  /** Tells the request in the audit log and the server's log; undefined for what comes in frames. */
  readonly requestId?: string | undefined;
}

/** Another account, as far as a decision needs to know it. */
export interface Subject {
  readonly user: Uuid;
  readonly role: Role;
}

export const isStaff = (role: Role): boolean => role !== "customer";
