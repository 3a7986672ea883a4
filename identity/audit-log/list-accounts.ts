import { appendEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { assertOperatorPurpose, assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed } from "../audited.ts";
import { findAll } from "./find-all.ts";
import type { LogReading } from "./follow-log.ts";
import { staffOf, type StaffThen } from "./staff-register.ts";

export interface AccountsThen {
  readonly accounts: readonly StaffThen[];
  /** Entries below this index were pruned. Accounts that only they name are missing. */
  readonly prunedBelow: number;
}

/**
 * Returns the accounts of the tenant's staff as they were at a time. It reads them from the audit log, and
 * not from the table of accounts, which somebody may have changed. Customers are not listed.
 * @param atMs milliseconds since the Unix epoch
 * @throws IdentityError forbidden, purpose_required; AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export async function listAccountsAt(
  deps: LogReading,
  actor: Actor,
  atMs: number,
): Promise<AccountsThen> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  await audited(deps, actor, { ...listAct(tenant, atMs), decision }, async () => {
    assertAllowed(decision);
    assertPurpose(actor, "audit_log");
  });
  return accountsAt(deps, tenant, atMs);
}

/** Like `listAccountsAt`, for the operator of the server. @throws IdentityError purpose_required */
export async function listAccountsAsOperator(
  deps: LogReading,
  tenant: TenantId,
  atMs: number,
  by: OperatorActor,
): Promise<AccountsThen> {
  await inTransaction(deps.pool, tenant, async (client) => {
    await assertOperatorPurpose(client, tenant, by, "audit_log");
    await appendEntry(client, {
      ...listAct(tenant, atMs),
      occurredAtMs: deps.now(),
      tenant,
      actor: by,
      outcome: "success",
    });
  });
  return accountsAt(deps, tenant, atMs);
}

const listAct = (tenant: TenantId, atMs: number) =>
  ({
    action: "audit.list_accounts",
    resource: { type: "audit-log", id: tenant },
    details: { atMs },
  }) as const;

async function accountsAt(deps: LogReading, tenant: TenantId, atMs: number): Promise<AccountsThen> {
  const then = { untilMs: atMs + 1, outcome: "success" } as const;
  // Only the operator creates staff. Customers, of whom there are many, are created by their sign-in.
  const created = { ...then, action: "user.create", actor: OPERATOR.id } as const;
  const changed = { ...created, action: "user.set_role" } as const;
  const certified = { ...then, action: "staff.certify" } as const;
  const pages = [
    ...(await findAll(deps, tenant, created)),
    ...(await findAll(deps, tenant, changed)),
    ...(await findAll(deps, tenant, certified)),
  ];
  return {
    accounts: staffOf(pages.flatMap(({ entries }) => entries)),
    prunedBelow: Math.max(0, ...pages.map(({ minimumIndex }) => minimumIndex)),
  };
}
