import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { clocksOf, type Clock } from "../../policies/breach/clocks.ts";
import type { DutyId, Regime } from "../../policies/breach/duties.ts";
import { isNoticeDue, type Exposure, type Taken } from "../../policies/breach/exposure.ts";
import {
  containments,
  containsAll,
  runbookOf,
  type Containment,
} from "../../policies/breach/runbook.ts";
import { isStaff, type Role } from "../../policies/roles.ts";
import { caseNotFound, type Case } from "../cases/stored-case.ts";

/** A breach and its case, read at one moment. Times are milliseconds since the Unix epoch. */
export interface Breach extends Pick<
  Case,
  "id" | "state" | "pending" | "openedAtMs" | "endedAtMs"
> {
  readonly description: string;
  readonly taken: readonly Taken[];
  readonly regimes: readonly Regime[];
  readonly discoveredAtMs: number;
  readonly awareAtMs: number;
  readonly classifiedAtMs: number | null;
  readonly timeZone: string;
  readonly openedBy: string;
  /** When all accounts were assessed; null until then. */
  readonly assessedAtMs: number | null;
  readonly sessionsRevokedAtMs: number | null;
  readonly sessionsRevoked: number;
  readonly rewrappedAtMs: number | null;
  readonly closingReason: string | null;
}

/** A notice as it is recorded. */
export interface StoredNotice {
  readonly duty: DutyId;
  readonly sentAtMs: number | null;
  /** Why it is not due; null if it was sent. */
  readonly ground: string | null;
  readonly recordedBy: string;
  readonly recordedAtMs: number;
}

// One statement, because a step may be committed between two.
const SELECT = `
  select c.id, c.state, c.pending, c.opened_at_ms as "openedAtMs", c.ended_at_ms as "endedAtMs", description, taken, regimes, discovered_at_ms as "discoveredAtMs", aware_at_ms as "awareAtMs",
    classified_at_ms as "classifiedAtMs", time_zone as "timeZone", opened_by as "openedBy", assessed_at_ms as "assessedAtMs",
    sessions_revoked_at_ms as "sessionsRevokedAtMs", sessions_revoked as "sessionsRevoked",
    rewrapped_at_ms as "rewrappedAtMs", closing_reason as "closingReason"
  from breaches b join cases c on c.tenant = b.tenant and c.id = b.case_id where b.case_id = $1`;

/** @throws WorkflowError case_not_found */
export async function readBreach(client: Client, id: CaseId): Promise<Breach> {
  const { rows } = await client.query<Breach>(SELECT, [id]);
  if (rows[0] === undefined) throw caseNotFound();
  return rows[0];
}

async function readNotices(client: Client, id: CaseId): Promise<readonly StoredNotice[]> {
  const { rows } = await client.query<StoredNotice>(
    `select duty, sent_at_ms as "sentAtMs", ground, recorded_by as "recordedBy", recorded_at_ms as "recordedAtMs"
     from breach_notices where case_id = $1 order by duty`,
    [id],
  );
  return rows;
}

/** What a breach exposes, in numbers of accounts. */
export interface Verdict {
  readonly isNoticeDue: boolean;
  /** The accounts about which something is exposed that makes a notice due. */
  readonly accounts: number;
  /** Those of them that are customers. */
  readonly customers: number;
  readonly exposed: Readonly<Partial<Record<Exposure, number>>>;
}

/** Counts what was found about the accounts. Each row stands for the accounts of one role with the same exposures. */
async function readVerdict(client: Client, id: CaseId): Promise<Verdict> {
  const { rows } = await client.query<{
    readonly role: Role;
    readonly exposures: readonly Exposure[];
    readonly count: number;
  }>(
    `select u.role, s.exposures, count(*)::integer as count
     from breach_subjects s join users u on u.tenant = s.tenant and u.id = s.subject
     where s.case_id = $1 group by u.role, s.exposures`,
    [id],
  );
  const sum = (some: typeof rows) => some.reduce((total, { count }) => total + count, 0);
  const harmed = rows.filter((row) => isNoticeDue(row.exposures));
  const found = new Set(rows.flatMap((row) => row.exposures));
  return {
    isNoticeDue: harmed.length > 0,
    accounts: sum(harmed),
    customers: sum(harmed.filter(({ role }) => !isStaff(role))),
    exposed: Object.fromEntries(
      [...found].map((each) => [each, sum(rows.filter((row) => row.exposures.includes(each)))]),
    ),
  };
}

/** How far a breach is, read at one moment. */
interface BreachState {
  readonly breach: Breach;
  /** Undefined until all accounts are assessed. */
  readonly verdict: Verdict | undefined;
  readonly notices: readonly StoredNotice[];
  readonly clocks: readonly Clock[];
}

/**
 * Reads how far a breach is.
 * @param nowMs the time of the database
 * @throws WorkflowError case_not_found
 */
export async function readBreachState(
  client: Client,
  id: CaseId,
  nowMs: number,
): Promise<BreachState> {
  const breach = await readBreach(client, id);
  const notices = await readNotices(client, id);
  const verdict = breach.assessedAtMs === null ? undefined : await readVerdict(client, id);
  const counted = verdict && { isNoticeDue: verdict.isNoticeDue, people: verdict.customers };
  const clocks = clocksOf({ ...breach, notices, verdict: counted }, nowMs);
  return { breach, verdict, notices, clocks };
}

const doneAtMs: Readonly<Record<Containment, (breach: Breach) => number | null>> = {
  revoke_sessions: ({ sessionsRevokedAtMs }) => sessionsRevokedAtMs,
  rotate_keys: ({ rewrappedAtMs }) => rewrappedAtMs,
};

const isContainment = (step: string): step is Containment =>
  containments.some((each) => each === step);

/**
 * Returns the steps of the runbook, and when the server finished those that it takes; null if it did not, or if something was
 * taken afterwards that the step must contain.
 */
export const runbookFor = (breach: Breach) =>
  runbookOf(breach.taken).map((step) => {
    const atMs = isContainment(step.step) ? doneAtMs[step.step](breach) : null;
    return { ...step, doneAtMs: containsAll(step.step, atMs, breach.taken) ? atMs : null };
  });

/** Who the audit log names for what the server does to breaches. */
export const SERVER = { kind: "system", id: "cases" } as const;

/** A breach, as a resource of the audit log. */
export const ofBreach = (id: CaseId) => ({ type: "breach" as const, id });
