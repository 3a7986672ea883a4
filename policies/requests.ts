import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { RequestAction } from "./rules/requests.ts";

const DAY_MS = 86_400_000;

/**
 * Returns when officers are next reminded of a request that waits: a week before it is due, then, every day for 30 days,
 * and every week after.
 */
export function nextReminderMs(dueAtMs: number, nowMs: number): number {
  const weekBeforeMs = dueAtMs - 7 * DAY_MS;
  if (nowMs < weekBeforeMs) return weekBeforeMs;
  if (nowMs < dueAtMs) return dueAtMs;
  return nowMs + (nowMs < dueAtMs + 30 * DAY_MS ? DAY_MS : 7 * DAY_MS);
}

/** The time in which the receipts of a person are counted, in milliseconds. */
export const RECEIPTS_WITHIN_MS = 30 * DAY_MS;
/** The most receipts of a person within that time, from the person and from staff each. */
const MOST_RECEIPTS = 100;

/** Decides whether another request of a person is recorded. Pure. @param recorded how many were within `RECEIPTS_WITHIN_MS` */
export const decideReceipt = (recorded: number): Decision =>
  recorded < MOST_RECEIPTS ? allow("few_receipts") : deny("too_many_receipts");

/** The most links to one address that wait to be opened. */
const MOST_WAITING = 5;

/** Decides whether another link is made for an e-mail address. Pure. @param waiting how many wait to be opened */
export const decideEmailRequest = (waiting: number): Decision =>
  waiting < MOST_WAITING ? allow("few_links") : deny("too_many_links");

/**
 * Decides whether a link lets somebody see the request, withdraw it, and take its certificate. Whoever has the link stands
 * for the person, whose account may be gone. Pure.
 * @param revokedAtMs when another link took its place, in milliseconds since the Unix epoch; null if none did
 */
export const decideByLink = ({ revokedAtMs }: { readonly revokedAtMs: number | null }): Decision =>
  revokedAtMs === null ? allow("holds_link") : deny("link_revoked");

/** The rights that a copy of the person's data answers: GDPR Articles 15 and 20, and their like. */
const copiedRights: readonly string[] = ["access", "portability"];

/** Decides whether a request is answered with a copy of the person's data now. Pure. */
export function decideCopy(request: { readonly right: string; readonly state: string }): Decision {
  if (!copiedRights.includes(request.right)) return deny("no_copy");
  return request.state === "accepted" ? allow("accepted_request") : deny("not_accepted");
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
