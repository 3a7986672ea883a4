import type { TenantId, UserId } from "../../crypto/wire/ids.ts";

/** Who the audit log names for the steps of erasures. */
export const ERASURES = { kind: "system", id: "erasures" } as const;

/** The fields that the entries of the steps have in common. */
export const entryBy = (tenant: TenantId, subject: UserId, occurredAtMs: number) =>
  ({ tenant, subject, occurredAtMs, actor: ERASURES, outcome: "success" }) as const;
