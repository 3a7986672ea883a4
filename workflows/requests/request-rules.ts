import * as z from "zod/mini";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { isCivilDate } from "../../policies/deadlines/civil-date.ts";
import { laws } from "../../policies/deadlines/periods.ts";
import { isTimeZone } from "../../policies/deadlines/time-zone.ts";
import { decideRequest } from "../../policies/requests.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import { WorkflowError } from "../workflow-error.ts";

const residence = z.string().check(z.regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/));

/** Which law applies to whom, and the calendar of the organisation. */
export const requestRulesContent = z.strictObject({
  timeZone: z.string().check(z.maxLength(64), z.refine(isTimeZone)),
  holidays: z.array(z.string().check(z.refine(isCivilDate))).check(z.maxLength(1_000)),
  laws: z
    .array(
      z.strictObject({
        law: z.enum(laws),
        residences: z.optional(z.array(residence).check(z.maxLength(300))),
      }),
    )
    .check(z.minLength(1), z.maxLength(20)),
});
export type RequestRulesContent = z.output<typeof requestRulesContent>;

/** The rules that are in force. Version 0 stands for those with which each tenant begins. */
export interface RequestRules {
  readonly version: number;
  readonly content: RequestRulesContent;
}

const initial: RequestRulesContent = { timeZone: "UTC", holidays: [], laws: [{ law: "gdpr" }] };

/** Reads the rules that are in force. @param nowMs the time of the database */
export async function rulesInForce(client: Client, nowMs: number): Promise<RequestRules> {
  const { rows } = await client.query<{ version: number; content: unknown }>(
    `select version, content from request_rules where effective_from_ms <= $1
     order by effective_from_ms desc, version desc limit 1`,
    [nowMs],
  );
  const [row] = rows;
  if (row === undefined) return { version: 0, content: initial };
  return { version: row.version, content: requestRulesContent.parse(row.content) };
}

const ofRules = (party: Party) => ({ type: "request-rules" as const, id: tenantOf(party) });

/**
 * Sets the rules for requests from a time on. Requests that were received before keep their due dates.
 * @param asked.content parsed by this function, because commands read it from a file
 * @param asked.effectiveFromMs now by default, and never in the past
 * @returns the number of the version
 * @throws WorkflowError invalid_request_rules; IdentityError forbidden, device_required
 */
export function setRequestRules(
  deps: UseCase,
  party: Party,
  asked: { readonly content: unknown; readonly effectiveFromMs?: number | undefined },
): Promise<number> {
  const act = { action: "request.set_rules", resource: ofRules(party) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party), subject: null };
    const decided = assertParty(party, (actor) => decideRequest(actor, "set_rules", facts));
    const parsed = requestRulesContent.safeParse(asked.content);
    if (!parsed.success) throw invalidRules(parsed.error);
    const nowMs = await readDatabaseClock(client);
    const effectiveFromMs = Math.max(asked.effectiveFromMs ?? nowMs, nowMs);
    // One after the other, so that each version has its number.
    await client.query(
      "select pg_advisory_xact_lock(hashtext('sealdesk.request_rules'), hashtext($1))",
      [tenantOf(party)],
    );
    const { rows } = await client.query<{ version: number }>(
      `insert into request_rules (tenant, version, content, effective_from_ms, set_by, set_at_ms)
       select sealdesk.current_tenant(), coalesce(max(version), 0) + 1, $1, $2, $3, $4 from request_rules
       returning version`,
      [JSON.stringify(parsed.data), effectiveFromMs, nameOf(party), nowMs],
    );
    const version = rows[0]?.version ?? 0;
    note({ ...decided, details: { version, effectiveFromMs } });
    return version;
  });
}

/** Returns the rules that are in force. @throws IdentityError forbidden */
export function readRequestRules(deps: UseCase, party: Party): Promise<RequestRules> {
  const act = { action: "request.read_rules", resource: ofRules(party) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party), subject: null };
    note(assertParty(party, (actor) => decideRequest(actor, "read_rules", facts)));
    return rulesInForce(client, await readDatabaseClock(client));
  });
}

function invalidRules({ issues }: z.core.$ZodError): WorkflowError {
  const where = issues[0]?.path.join(".") ?? "";
  return new WorkflowError(
    "invalid_request_rules",
    `The rules for requests are not valid${where === "" ? "" : ` at ${where}`}. Name a time zone, days and laws that exist.`,
  );
}
