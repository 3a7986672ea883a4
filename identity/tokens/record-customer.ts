import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** Writes the entry of a customer's account that a sign-in has just created. */
export async function recordCustomer(
  { requestId }: { readonly requestId?: string | undefined },
  client: Client,
  made: {
    readonly tenant: TenantId;
    readonly user: UserId;
    readonly nowMs: number;
    readonly anonymous?: true;
  },
): Promise<void> {
  await appendEntry(client, {
    occurredAtMs: made.nowMs,
    tenant: made.tenant,
    actor: { kind: "system", id: "sign-in" },
    action: "user.create",
    resource: { type: "user", id: made.user },
    subject: made.user,
    outcome: "success",
    requestId,
    details: { role: "customer", ...(made.anonymous === true && { anonymous: true }) },
  });
}
