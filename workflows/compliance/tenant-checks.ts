import { logOf, type TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Policies } from "../../identity/policy/policies.ts";
import {
  judgeStaffing,
  rolesWithoutSecondFactor,
  type CheckState,
  type RoleCounts,
} from "../../policies/compliance.ts";
import type { Role } from "../../policies/roles.ts";
import { defaultDemands } from "../../policies/versions/demands.ts";
import { checksOf, failed, ok, warning, type Check, type Finding } from "./check.ts";

const DAY_MS = 86_400_000;

interface Context {
  readonly client: Client;
  readonly tenant: TenantId;
  readonly policies: Policies;
  /** The time of the database, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Runs the checks of one tenant in its transaction. */
export async function checkTenant(context: Context): Promise<readonly Check[]> {
  return checksOf({
    audit_log: await auditLogOf(context),
    staffing: await staffingOf(context),
    ...(await settingsOf(context)),
    dual_control: await dualControlOf(context),
    break_glass_reviews: await reviewsOf(context),
    alerts: await alertsOf(context),
    holds: await holdsOf(context),
    requests: await dueCasesOf(context, "request", 7 * DAY_MS, "requests"),
    breaches: await breachesOf(context),
    cases: await casesOf(context),
    retention: await retentionOf(context),
    request_rules: await rulesOf(context),
    notice: await noticeOf(context),
  });
}

async function numberOf({ client }: Context, sql: string, ...values: readonly unknown[]) {
  const { rows } = await client.query<{ count: number }>(
    `select (${sql})::double precision as count`,
    [...values],
  );
  return rows[0]?.count ?? 0;
}

async function auditLogOf(context: Context): Promise<Finding> {
  const size = await numberOf(
    context,
    "select coalesce(max(size), 0) from audit.checkpoints where log = $1",
    logOf(context.tenant),
  );
  return size > 0 ? ok(`${size} entries are signed.`) : failed("Nothing is signed yet.");
}

async function staffingOf({ client }: Context): Promise<Finding> {
  const { rows } = await client.query<{ role: Role; count: number }>(
    `select role, count(*)::integer as count from users where disabled_at_ms is null and fenced_at_ms is null
     group by role order by role`,
  );
  const counts: RoleCounts = Object.fromEntries(rows.map(({ role, count }) => [role, count]));
  const list = rows.map(({ role, count }) => `${count} ${role}`).join(", ");
  return { state: judgeStaffing(counts), found: `Accounts that can sign in: ${list || "none"}.` };
}

interface TenantSettings {
  readonly factorRoles: readonly string[];
  readonly idleMinutes: number | null;
}

const MOST_IDLE_MINUTES = 30;

async function settingsOf({ client, tenant }: Context) {
  const { rows } = await client.query<TenantSettings>(
    `select second_factor_roles as "factorRoles", idle_log_off_minutes as "idleMinutes" from tenants where id = $1`,
    [tenant],
  );
  const { factorRoles = [], idleMinutes = null } = rows[0] ?? {};
  const without = rolesWithoutSecondFactor(factorRoles);
  return {
    second_factor:
      without.length === 0
        ? ok("Every role of people needs a second factor.")
        : warning(`These roles need none: ${without.join(", ")}.`),
    idle_log_off:
      idleMinutes === null
        ? failed("Nobody is logged off.")
        : idleMinutes <= MOST_IDLE_MINUTES
          ? ok(`After ${idleMinutes} idle minutes, a person is logged off.`)
          : warning(`Only after ${idleMinutes} idle minutes, a person is logged off.`),
  };
}

async function dualControlOf({ client, tenant, policies }: Context): Promise<Finding> {
  const { version, demands } = await policies.inForce(client, tenant);
  const missing = defaultDemands.filter(
    ({ resource, action, approvers }) =>
      !demands.some(
        (each) =>
          each.resource === resource && each.action === action && each.approvers >= approvers,
      ),
  );
  return missing.length === 0
    ? ok(`Version ${version} needs other people for ${demands.length} acts.`)
    : failed(`Version ${version} lacks ${missing.map((each) => each.resource).join(", ")}.`);
}

const judged = (count: number, state: CheckState, found: string): Finding =>
  count === 0 ? ok(found) : { state, found };

async function reviewsOf(context: Context): Promise<Finding> {
  const count = await numberOf(
    context,
    `select count(*) from break_glass where reviewed_at_ms is null and granted_until_ms is not null
     and coalesce(ended_at_ms, granted_until_ms) <= $1`,
    context.nowMs,
  );
  return judged(count, "warning", `${count} accesses wait for a review.`);
}

async function alertsOf(context: Context): Promise<Finding> {
  const count = await numberOf(
    context,
    "select count(*) from alerts where acknowledged_at_ms is null and raised_at_ms < $1",
    context.nowMs - 7 * DAY_MS,
  );
  return judged(count, "warning", `${count} alerts have waited for more than 7 days.`);
}

async function holdsOf(context: Context): Promise<Finding> {
  const count = (where: string) =>
    numberOf(
      context,
      `select count(*) from holds where released_at_ms is null and ${where}`,
      context.nowMs,
    );
  const [past, all] = [await count("review_at_ms <= $1"), await count("placed_at_ms <= $1")];
  return judged(past, "failed", `${past} of ${all} holds in force are past their review.`);
}

/** Cases of a kind that are overdue, or due within a time. */
async function dueCasesOf(
  context: Context,
  kind: string,
  withinMs: number,
  name: string,
): Promise<Finding> {
  const count = (untilMs: number) =>
    numberOf(
      context,
      "select count(*) from cases where kind = $1 and ended_at_ms is null and due_at_ms <= $2",
      kind,
      Math.min(untilMs, Number.MAX_SAFE_INTEGER),
    );
  const [late, soon] = [await count(context.nowMs), await count(context.nowMs + withinMs)];
  const found = `${late} ${name} are overdue, and ${soon - late} are due soon.`;
  if (late > 0) return failed(found);
  return judged(soon, "warning", found);
}

/** A breach that is open may have a notice that is due without a date, so it always needs a look. */
async function breachesOf(context: Context): Promise<Finding> {
  const count = (where: string) =>
    numberOf(
      context,
      `select count(*) from cases where kind = 'breach' and ended_at_ms is null and opened_at_ms <= $1 and ${where}`,
      context.nowMs,
    );
  const [late, open] = [await count("due_at_ms <= $1"), await count("true")];
  const found = `${open} breaches are open, ${late} of them with an overdue notice.`;
  return late > 0 ? failed(found) : judged(open, "warning", found);
}

async function casesOf(context: Context): Promise<Finding> {
  const count = await numberOf(
    context,
    "select count(*) from cases where pending is not null and ended_at_ms is null",
  );
  return judged(count, "warning", `${count} cases wait because a step failed.`);
}

async function retentionOf(context: Context): Promise<Finding> {
  const version = await numberOf(
    context,
    "select coalesce(max(version), 0) from retention_versions where effective_from_ms <= $1",
    context.nowMs,
  );
  return version > 0
    ? ok(`Version ${version} is in force.`)
    : warning("No schedule is in force, so records are kept without end.");
}

async function rulesOf(context: Context): Promise<Finding> {
  const version = await numberOf(
    context,
    "select coalesce(max(version), 0) from request_rules where effective_from_ms <= $1",
    context.nowMs,
  );
  return version > 0
    ? ok(`Version ${version} is in force.`)
    : warning("The rules are those with which each tenant begins: the GDPR for everybody, in UTC.");
}

async function noticeOf(context: Context): Promise<Finding> {
  const version = await numberOf(
    context,
    "select coalesce(max(version), 0) from notices where effective_from_ms <= $1",
    context.nowMs,
  );
  return version > 0 ? ok(`Version ${version} is in force.`) : warning("No notice is in force.");
}
