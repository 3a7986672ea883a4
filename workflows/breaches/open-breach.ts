import type { CaseId, NewId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideBreach } from "../../policies/breaches.ts";
import type { Regime } from "../../policies/breach/duties.ts";
import type { Taken } from "../../policies/breach/exposure.ts";
import { assertLine } from "../assert-line.ts";
import { openCase } from "../cases/open-case.ts";
import { rulesInForce } from "../requests/request-rules.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofBreach } from "./breach-rows.ts";
import { breachMachine } from "./machine.ts";

/** A breach that is reported. Times are milliseconds since the Unix epoch. */
export interface NewBreach {
  /** What happened, for the letters: one line of at most 200 characters, without names of people. */
  readonly description: string;
  readonly taken: readonly Taken[];
  /** The laws that apply. */
  readonly regimes: readonly Regime[];
  /** When somebody in the organisation first knew of it, or could have. */
  readonly discoveredAtMs: number;
  /** When the organisation became reasonably certain of it; `discoveredAtMs` by default. */
  readonly awareAtMs?: number | undefined;
  /** When it was classified as a major incident, if it was. */
  readonly classifiedAtMs?: number | undefined;
}

/**
 * Opens the case of a breach. The server assesses at once what it exposes about each account, and officers are alerted. The
 * clocks run from the moments that are given, and not from the case.
 * @returns the id of the case
 * @throws WorkflowError invalid_breach; IdentityError forbidden, device_required
 */
export function openBreach(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: NewBreach,
): Promise<CaseId> {
  const { description, taken, regimes, discoveredAtMs, awareAtMs = discoveredAtMs } = asked;
  const classifiedAtMs = asked.classifiedAtMs ?? null;
  const id = deps.newId<CaseId>();
  const act = { action: "breach.open", resource: ofBreach(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const tenant = tenantOf(party);
    const decided = assertParty(party, (actor) => decideBreach(actor, "open", { tenant }));
    const nowMs = await readDatabaseClock(client);
    assertLine("invalid_breach", "description", description);
    const moments = [discoveredAtMs, awareAtMs, classifiedAtMs ?? 0, ...taken.map((t) => t.atMs)];
    for (const atMs of moments) assertPast(atMs, nowMs);
    await assertDevices(client, taken);
    const { content } = await rulesInForce(client, nowMs);
    await openCase(client, breachMachine, { id, subject: null }, nowMs);
    await client.query(
      `insert into breaches (tenant, case_id, description, taken, regimes, discovered_at_ms, aware_at_ms, classified_at_ms,
         time_zone, opened_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tenant,
        id,
        description,
        JSON.stringify(taken),
        [...new Set(regimes)],
        discoveredAtMs,
        awareAtMs,
        classifiedAtMs,
        content.timeZone,
        nameOf(party),
      ],
    );
    const details = { taken: listed(taken), regimes, discoveredAtMs, awareAtMs };
    note({ ...decided, details });
    return id;
  });
}

/** What was taken, for the audit log. */
export const listed = (taken: readonly Taken[]) =>
  taken.map(({ what, atMs, device }) => ({ what, atMs, ...(device !== undefined && { device }) }));

/** @throws WorkflowError invalid_breach */
export function assertPast(atMs: number, nowMs: number): void {
  if (atMs > nowMs)
    throw new WorkflowError("invalid_breach", "A moment that you name lies in the future.");
}

/** @throws WorkflowError invalid_breach */
export async function assertDevices(client: Client, taken: readonly Taken[]): Promise<void> {
  if (taken.some(({ what, device }) => (what === "device") !== (device !== undefined)))
    throw new WorkflowError(
      "invalid_breach",
      "Name the device that was taken, and a device only with `device`.",
    );
  const named = [...new Set(taken.flatMap(({ device }) => device ?? []))];
  const { rowCount } = await client.query("select from devices where id = any($1::uuid[])", [
    named,
  ]);
  if (rowCount !== named.length)
    throw new WorkflowError("invalid_breach", "There is no such device. See the list of devices.");
}
