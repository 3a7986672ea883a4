import { purposes, type Purpose } from "../../crypto/wire/purposes.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideComplianceReading } from "../../policies/compliance.ts";
import type { RetentionRule } from "../../policies/retention.ts";
import { isArchiver, isStaff, type Role } from "../../policies/roles.ts";
import { readLocks, readRules, type RetentionLock } from "../retention/stored-schedule.ts";
import { rulesInForce } from "../requests/request-rules.ts";
import type { DeploymentFacts } from "./deployment-facts.ts";

/** The records of processing of a tenant: GDPR Article 30(1), letter by letter. */
export interface ProcessingRecords {
  readonly generatedAtMs: number;
  /** (a) The controller, as the notice in force names it; null if no notice is in force. */
  readonly controller: string | null;
  readonly organisation: string;
  /** (b) The purposes, and for which of them the tenant requires a consent. */
  readonly purposes: readonly { readonly purpose: Purpose; readonly isConsentRequired: boolean }[];
  /** (c) Whose data, and which. */
  readonly people: readonly { readonly role: Role; readonly accounts: number }[];
  readonly data: readonly string[];
  /** (d) Who receives it. */
  readonly recipients: readonly string[];
  /** (e) Where people live whose laws apply, as the rules for requests say; everywhere if empty. */
  readonly residences: readonly string[];
  /** (f) When it ends. */
  readonly retention: readonly RetentionRule[];
  readonly locks: readonly RetentionLock[];
  /** (g) What protects it. */
  readonly security: readonly string[];
}

/** What the server stores about people, and how. */
const DATA: readonly string[] = [
  "messages and attachments, encrypted end to end",
  "names, e-mail addresses and telephone numbers, as far as they are given, sealed under a key of each person",
  "who is in which conversation, when and how much was sent",
  "public keys of devices, sessions, consents, requests and the audit log",
];

/**
 * Makes the records of processing from the settings that are in force now.
 * @throws IdentityError forbidden
 */
export function readProcessingRecords(
  deps: UseCase & { readonly facts: DeploymentFacts },
  party: Party,
): Promise<ProcessingRecords> {
  const tenant = tenantOf(party);
  const act = {
    action: "compliance.read_processing",
    resource: { type: "compliance-report", id: tenant },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideComplianceReading(actor, tenant)));
    const nowMs = await readDatabaseClock(client);
    const { name, required } = await readTenant(client, tenant);
    const people = await countPeople(client);
    const { content } = await rulesInForce(client, nowMs);
    return {
      generatedAtMs: nowMs,
      controller: await readController(client),
      organisation: name,
      purposes: purposes.map((purpose) => ({
        purpose,
        isConsentRequired: required.includes(purpose),
      })),
      people,
      data: DATA,
      recipients: await readRecipients(client, people),
      residences: [...new Set(content.laws.flatMap(({ residences = [] }) => residences))],
      retention: await readRules(client),
      locks: await readLocks(client),
      security: securityOf(deps.facts),
    };
  });
}

async function readTenant(client: Client, tenant: string) {
  const { rows } = await client.query<{ name: string; required: readonly string[] }>(
    "select name, required_consents as required from tenants where id = $1",
    [tenant],
  );
  return rows[0] ?? { name: "", required: [] };
}

async function readController(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ controller: string }>(
    "select controller from notices where version = sealdesk.notice_version()",
  );
  return rows[0]?.controller ?? null;
}

async function countPeople(client: Client) {
  const { rows } = await client.query<{ role: Role; accounts: number }>(
    "select role, count(*)::integer as accounts from users where erased_at_ms is null group by role order by role",
  );
  return rows;
}

async function readRecipients(
  client: Client,
  people: readonly { readonly role: Role }[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ kind: string; name: string }>(
    `select 'identity provider' as kind, issuer as name from identity_providers
     union all select 'webhook of alerts, which hold no content', substring(url from '^[a-z]+://[^/]+') from alert_webhooks
       where replaced_at_ms is null and disabled_at_ms is null
     union all select distinct 'team', team from team_members order by 1, 2`,
  );
  const archived = people.some(({ role }) => isArchiver(role));
  return [
    ...(people.some(({ role }) => isStaff(role)) ? ["members of staff, by their role"] : []),
    ...(archived ? ["the records archive, as a visible member of conversations"] : []),
    ...rows.map(({ kind, name }) => `${kind}: ${name}`),
  ];
}

function securityOf({ isKeystoreApart, audit, publicUrl }: DeploymentFacts): readonly string[] {
  return [
    "Messages are encrypted end to end: docs/crypto.md.",
    "Records are sealed under keys of each person, which the key service wraps: docs/keys.md.",
    isKeystoreApart
      ? "The keystore has a database of its own."
      : "The keystore is in the database of the data.",
    `Clients connect by ${new URL(publicUrl).protocol.slice(0, -1)}.`,
    "The policy denies by default, and acts are in an audit log that nobody changes unnoticed: docs/audit.md.",
    `${audit.witnesses.length} witnesses and ${audit.sinks.sinks.length} outside copies of the audit log.`,
  ];
}
