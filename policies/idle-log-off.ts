import { allow, deny, type Decision } from "./decision.ts";
import { programRoles, type Role } from "./roles.ts";

/**
 * The limits of a tenant's setting, in minutes. A session ends after 12 hours anyway. The default is that of NIST
 * SP 800-63B section 4.2.3 (AAL2). PCI DSS 8.2.8 asks for 15; 45 CFR 164.312(a)(2)(iii) names no number.
 */
export const IDLE_MINUTES = { least: 5, most: 720, default: 30 } as const;

/** The least time between two reports of a person's acts that are stored, in milliseconds. */
export const ACTS_EVERY_MS = 60_000;

/**
 * Returns whether a person of this role is logged off when they do nothing. Programs have no person in front of
 * them, and customers use devices of their own.
 */
export const isLoggedOffWhenIdle = (role: Role): boolean =>
  role !== "customer" && !programRoles.includes(role);

/** The facts about a session. Times are milliseconds since the Unix epoch, by the clock of the database. */
export interface IdleFacts {
  /** Null if nobody is logged off in this session. */
  readonly actedAtMs: number | null;
  /** The tenant's setting; null for never. */
  readonly idleMinutes: number | null;
}

/** Decides whether a session goes on, or its person did nothing for too long. Pure. */
export function decideIdle({ actedAtMs, idleMinutes }: IdleFacts, nowMs: number): Decision {
  if (actedAtMs === null || idleMinutes === null) return allow("no_log_off");
  return nowMs - actedAtMs < idleMinutes * 60_000 ? allow("person_acted") : deny("person_idle");
}
