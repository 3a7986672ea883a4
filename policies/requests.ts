import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { RequestAction } from "./rules/requests.ts";

const DAY_MS = 86_400_000;

/** Returns when officers are next reminded of a request that waits: a week before it is due, then, and every day after. */
export function nextReminderMs(dueAtMs: number, nowMs: number): number {
  const weekBeforeMs = dueAtMs - 7 * DAY_MS;
  if (nowMs < weekBeforeMs) return weekBeforeMs;
  return nowMs < dueAtMs ? dueAtMs : nowMs + DAY_MS;
}

/** Facts for a decision about a request. */
export interface RequestFacts {
  readonly tenant: TenantId;
  /** The account that the request is of; null for what concerns no account. */
  readonly subject: string | null;
}

/** Decides whether `actor` may do `action` to a request. Denies by default. Pure. */
export function decideRequest(actor: Actor, action: RequestAction, facts: RequestFacts): Decision {
  const rule = grantingRule(actor, "requests", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "requests", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(
    facts.subject === actor.user ? "own_request" : "request_of_another",
    `role_${actor.role}`,
  );
}
