import { toHex } from "../../crypto/wire/bytes.ts";
import type { NewId, TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import { noChanges, type PolicyChanges } from "../../policies/versions/policy-changes.ts";
import { hashOfParameters, requestApproval } from "../approvals/request-approval.ts";
import { IdentityError } from "../identity-error.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";
import { lockPolicy } from "./lock-policy.ts";
import { readVersion } from "./policies.ts";
import { ofPolicy, type PolicyDeps } from "./policy-deps.ts";
import { compileChanges, hashOfChanges, openVersion, parseChanges } from "./version-row.ts";

/** A version that somebody proposes. */
export interface NewVersion {
  /** What it changes in the default rules, not yet parsed; or the version whose changes it restores. */
  readonly content: { readonly changes: unknown } | { readonly restores: number };
  /** Why, for the person who approves: one line. */
  readonly reason: string;
  /** When it is to take effect, in milliseconds since the Unix epoch; null for the moment of the approval. */
  readonly beginsAtMs: number | null;
}

export interface Draft {
  readonly version: number;
  /** SHA-256 of the changes. Whoever approves names it. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** How long after the draft a version takes effect at the latest, in milliseconds. */
const LATEST_MS = 365 * 86_400_000;

/** The number of drafts of a tenant that may wait for an approval. */
const MOST_DRAFTS = 20;

/**
 * Makes a draft of a version. It decides nothing until a second person approves it.
 * @throws IdentityError invalid_policy, policy_version_not_found, too_many_drafts, forbidden, device_required
 */
export async function draftVersion(
  deps: PolicyDeps & { readonly newId: NewId },
  party: Party,
  { content, reason, beginsAtMs }: NewVersion,
): Promise<Draft> {
  const tenant = tenantOf(party);
  const act = { action: "policy.draft", resource: ofPolicy(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decidePolicyAct(actor, "propose", { tenant }));
    const changes = await changesOf(client, content);
    const nowMs = deps.now();
    if (beginsAtMs !== null && beginsAtMs > nowMs + LATEST_MS)
      throw new IdentityError("invalid_policy", "A version takes effect within 365 days.");
    const version = await nextVersion(client, tenant, nowMs);
    compileChanges(version, changes);
    const hash = hashOfChanges(changes);
    const id = deps.newId();
    const parameters = parametersOf({ version, hash, beginsAtMs });
    const request = { id, action: "policy.approve", parameters, reason };
    const expiresAtMs = await requestApproval(client, party, request, nowMs);
    await client.query(
      `insert into policy_versions (tenant, version, changes, hash, approval, begins_at_ms)
       values ($1, $2, $3, $4, $5, $6)`,
      [tenant, version, JSON.stringify(changes), hash, id, beginsAtMs],
    );
    const restores = "restores" in content ? content.restores : undefined;
    const requestHash = toHex(hashOfParameters(request.action, parameters));
    const details = { version, hash: toHex(hash), restores, request: id, requestHash };
    note({ ...decided, details });
    return { version, hash, expiresAtMs };
  });
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

async function changesOf(client: Client, content: NewVersion["content"]): Promise<PolicyChanges> {
  if ("changes" in content) return parseChanges(content.changes);
  if (content.restores === 0) return noChanges;
  return openVersion(await readVersion(client, content.restores)).changes;
}

/** Two drafts at the same time wait for each other, so that each gets a number. */
async function nextVersion(client: Client, tenant: TenantId, nowMs: number): Promise<number> {
  await lockPolicy(client, tenant);
  const { rows } = await client.query<{ next: number; waiting: number }>(
    `select coalesce(max(v.version), 0) + 1 as next, (count(*) filter (where v.effective_from_ms is null
       and v.withdrawn_at_ms is null and a.expires_at_ms > $1))::integer as waiting
     from policy_versions v join approvals a on a.tenant = v.tenant and a.id = v.approval`,
    [nowMs],
  );
  const { next = 1, waiting = 0 } = rows[0] ?? {};
  if (waiting >= MOST_DRAFTS)
    throw new IdentityError(
      "too_many_drafts",
      `${MOST_DRAFTS} drafts wait for an approval. Withdraw one first.`,
    );
  return next;
}
