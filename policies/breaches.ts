import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { isOpenClock, type Clock } from "./breach/clocks.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { BreachAction } from "./rules/breaches.ts";

/** Facts for a decision about a breach. */
export interface BreachCaseFacts {
  readonly tenant: TenantId;
}

/** Decides whether `actor` may do `action` to a breach. Denies by default. Pure. */
export function decideBreach(actor: Actor, action: BreachAction, facts: BreachCaseFacts): Decision {
  const rule = grantingRule(actor, "breaches", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "breaches", action, facts) !== undefined)
    return deny("device_not_registered");
  return deny(`role_${actor.role}`);
}

/** What keeps a breach open. */
export interface BreachLeft {
  readonly isAssessed: boolean;
  /** The steps of the server that the runbook names and that are not done. */
  readonly containments: readonly string[];
  readonly clocks: readonly Clock[];
}

/** Decides whether a breach can be closed: nothing that somebody must still do may be forgotten. Pure. */
export function decideClosing({ isAssessed, containments, clocks }: BreachLeft): Decision {
  const left = [
    ...(isAssessed ? [] : ["not_assessed"]),
    ...containments.map((step) => `not_done_${step}`),
    ...clocks.filter(isOpenClock).map(({ duty }) => `not_sent_${duty.replace(".", "_")}`),
  ];
  return left.length === 0 ? allow("nothing_left") : deny(...left);
}
