import { toHex } from "../../crypto/wire/bytes.ts";
import type { NewId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { hashOfRules } from "../../identity/reconcile/retention-rows.ts";
import {
  brokenLock,
  decideRetention,
  isShorter,
  type RetentionRule,
} from "../../policies/retention.ts";
import { WorkflowError } from "../workflow-error.ts";
import {
  lockRetention,
  ofRetention,
  printedRules,
  readLocks,
  readRules,
} from "./stored-schedule.ts";

/** The name of the act that another person lets happen. */
export const APPROVE = "retention.approve";

/** The most rules of a schedule. */
const MOST_RULES = 24;

/** How long after it was saved a version takes effect at the latest, in milliseconds. */
const LATEST_MS = 365 * 86_400_000;

/** A version that somebody saves. */
export interface NewSchedule {
  readonly rules: readonly RetentionRule[];
  /** Why, for the person who approves: one line of at most 300 characters. */
  readonly reason: string;
  /** When it is to take effect, in milliseconds since the Unix epoch; null for as soon as it may. */
  readonly beginsAtMs: number | null;
}

/** A version that was saved. */
export interface SavedSchedule {
  readonly version: number;
  /** When it takes effect; null if another person must approve it first. */
  readonly effectiveFromMs: number | null;
  /** The request that another person approves, and the hash that they name; null if none is needed. */
  readonly approval: { readonly id: Uuid; readonly hash: Uint8Array } | null;
}

/**
 * Saves a version of the retention schedule. One that ends no record earlier takes effect at once or when it says. One that
 * ends records earlier waits for another person. None goes below a lock.
 * @throws WorkflowError invalid_retention, retention_locked, retention_version_to_come; IdentityError forbidden,
 *   device_required, step_up_required
 */
export function saveSchedule(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: NewSchedule,
): Promise<SavedSchedule> {
  const { rules, reason, beginsAtMs } = asked;
  const tenant = tenantOf(party);
  const stored = printedRules(rules);
  const hash = hashOfRules(stored);
  const details = { hash: toHex(hash), rules: stored };
  const act = { action: "retention.save", resource: ofRetention(tenant), details } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const decided = assertParty(party, (actor) => decideRetention(actor, "save", { tenant }));
    if (rules.length > MOST_RULES || (beginsAtMs !== null && beginsAtMs > nowMs + LATEST_MS))
      throw new WorkflowError(
        "invalid_retention",
        `A version has at most ${MOST_RULES} rules, and takes effect within 365 days.`,
      );
    await lockRetention(client, tenant);
    await assertKeepsLocks(client, rules);
    await assertNoneToCome(client);
    const isShortening = isShorter(await readRules(client), rules);
    if (isShortening && "actor" in party)
      await assertFreshFactor(client, party.actor, "save", nowMs);
    const version = await nextVersion(client);
    const parameters = parametersOf({ version, hash, beginsAtMs });
    const id = isShortening ? deps.newId<Uuid>() : null;
    if (id !== null)
      await requestApproval(client, party, { id, action: APPROVE, parameters, reason }, nowMs);
    await client.query(
      `insert into retention_versions (tenant, version, rules, hash, saved_by, saved_at_ms, begins_at_ms, approval)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [tenant, version, JSON.stringify(stored), hash, nameOf(party), nowMs, beginsAtMs, id],
    );
    const effectiveFromMs = id === null ? await takeEffect(client, version) : null;
    const approval = id === null ? null : { id, hash: hashOfParameters(APPROVE, parameters) };
    note({
      ...decided,
      details: {
        ...details,
        version,
        ...(approval && { request: approval.id, requestHash: toHex(approval.hash) }),
        effectiveFromMs: effectiveFromMs ?? undefined,
      },
    });
    return { version, effectiveFromMs, approval };
  });
}

/**
 * Requires that a schedule ends no record before a lock lets it.
 * @throws WorkflowError retention_locked
 */
export async function assertKeepsLocks(
  client: Client,
  rules: readonly RetentionRule[],
): Promise<void> {
  const lock = brokenLock(rules, await readLocks(client));
  if (lock !== undefined)
    throw new WorkflowError(
      "retention_locked",
      `A lock keeps records for ${lock.days} days (${lock.citation}). Choose at least as many days.`,
      { reasons: [`lock_${lock.id}`] },
    );
}

/** @throws WorkflowError retention_version_to_come */
async function assertNoneToCome(client: Client): Promise<void> {
  const { rowCount } = await client.query(
    "select from retention_versions where effective_from_ms > sealdesk.database_now_ms()",
  );
  if (rowCount !== 0)
    throw new WorkflowError(
      "retention_version_to_come",
      "Another version takes effect later, which would reverse this one. Wait until it has taken effect.",
    );
}

async function nextVersion(client: Client): Promise<number> {
  const { rows } = await client.query<{ next: number }>(
    "select coalesce(max(version), 0) + 1 as next from retention_versions",
  );
  return rows[0]?.next ?? 1;
}

/** @returns when the version takes effect, in milliseconds since the Unix epoch */
export async function takeEffect(client: Client, version: number): Promise<number> {
  const { rows } = await client.query<{ fromMs: number | null }>(
    'select sealdesk.retention_takes_effect($1) as "fromMs"',
    [version],
  );
  const fromMs = rows[0]?.fromMs ?? null;
  if (fromMs === null)
    throw new WorkflowError(
      "retention_changed",
      "The schedule has changed in the meantime. Preview and save your version again.",
    );
  return fromMs;
}

/** Everything that an approval of a version is about. */
export const parametersOf = ({
  version,
  hash,
  beginsAtMs,
}: {
  readonly version: number;
  readonly hash: Uint8Array;
  readonly beginsAtMs: number | null;
}) => ({ version, hash: toHex(hash), beginsAtMs });
