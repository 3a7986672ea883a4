import { createHash } from "node:crypto";
import { toBase64 } from "../../audit/verify/base64.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { CaseId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Profiles } from "../../identity/accounts/profiles.ts";
import type { LogReading } from "../../identity/audit-log/follow-log.ts";
import { disclosuresAbout } from "../../identity/audit-log/read-disclosures.ts";
import { audited, auditRefusals } from "../../identity/audited.ts";
import type { Actor } from "../../policies/actor.ts";
import { ofCase } from "../cases/stored-case.ts";
import { readRequest } from "../requests/stored-request.ts";
import { readKnownFacts } from "./known-facts.ts";
import { assertReady, ownExport } from "./own-export.ts";

interface RecordDeps extends LogReading {
  readonly profiles: Profiles;
}

/**
 * Returns what the server knows about a person beside their conversations, for the person: canonical JSON (RFC 8785). A copy
 * for portability has only what the person provided (GDPR Article 20(1)).
 * @throws WorkflowError case_not_found, export_not_ready, case_moved; IdentityError forbidden, device_required;
 *   AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export async function takeRecord(deps: RecordDeps, actor: Actor, id: CaseId): Promise<Uint8Array> {
  const { tenant, user } = actor;
  const act = { action: "export.read_record", resource: ofCase(id) } as const;
  await auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, tenant, async (client) =>
      assertReady((await ownExport(client, actor, id)).found),
    ),
  );
  const { disclosures } = await disclosuresAbout(deps, tenant, user);
  return audited(deps, actor, act, async (client, note) => {
    const { found, decision } = await ownExport(client, actor, id);
    assertReady(found);
    const request = await readRequest(client, found.request);
    const isWhole = request.right === "access";
    const facts = await readKnownFacts(client, tenant, user);
    const { right, law, citation, receivedAtMs } = request;
    const record = {
      version: 1,
      writtenAtMs: deps.now(),
      request: { id: found.request, right, law, citation, receivedAtMs },
      account: await accountOf(client, deps.profiles, tenant, user),
      ...facts,
      disclosures: disclosures.map(
        ({ recipient, shown, conversation, purpose, firstAtMs, lastAtMs, count }) => ({
          recipient,
          shown,
          conversation,
          purpose,
          firstAtMs,
          lastAtMs,
          count,
        }),
      ),
      ...(!isWhole && notProvided),
    };
    const bytes = utf8(`${canonicalJson(record as unknown as CanonicalValue)}\n`);
    const digest = createHash("sha256").update(bytes).digest();
    await client.query("update exports set record_digest = $2 where case_id = $1", [id, digest]);
    note({ decision, subject: user, details: { digest: toBase64(digest) } });
    return bytes;
  });
}

/** What the person did not provide. */
const notProvided = {
  sessions: [],
  recipients: [],
  retention: [],
  retentionLocks: [],
  disclosures: [],
  decisions: [],
} as const;

async function accountOf(client: Client, profiles: Profiles, tenant: TenantId, user: UserId) {
  const { rows } = await client.query<{
    id: UserId;
    role: string;
    createdAtMs: number;
    displayName: Uint8Array | null;
  }>(
    `select id, role, created_at_ms as "createdAtMs", display_name as "displayName" from users where id = $1`,
    [user],
  );
  const [account] = await profiles.opened(tenant, rows);
  return account;
}
