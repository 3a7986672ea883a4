import type { NewId, UserId } from "../../../crypto/wire/ids.ts";
import { newWebhookSecret } from "../../../identity/alerts/webhook/webhook-secret.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { parseOutgoingUrl } from "../../../identity/outgoing/outgoing-url.ts";
import { auditedBy, tenantOf, type Party } from "../../../identity/party.ts";
import { destroySubjectKeys, type DestroyDeps } from "../../../keys/at-rest/destroy.ts";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import type { Secret } from "../../../keys/secret.ts";
import { WorkflowError } from "../../workflow-error.ts";
import { sealConsumer } from "./stored-consumer.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_CONSUMERS = 20;

type Operator = Extract<Party, { readonly operator: unknown }>;

/** A consumer as the operator sees it. */
export interface ListedConsumer {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly addedAtMs: number;
}

const named = (name: string) => ({ type: "erasure_consumer" as const, id: name });

/**
 * Adds a system of the tenant that is told of each erasure from now on.
 * @returns the secret that signs the events, which is shown to nobody again
 * @throws WorkflowError invalid_consumer: the name or the URL cannot be used, the name is taken, or there are 20;
 *   KeysError kms_...
 */
export async function addConsumer(
  deps: UseCase & {
    readonly newId: NewId;
    readonly subjects: SubjectKeys;
    readonly reach: OutgoingReach;
  },
  party: Operator,
  { name, url }: { readonly name: string; readonly url: string },
): Promise<Secret<Uint8Array>> {
  const tenant = tenantOf(party);
  if (!NAME.test(name))
    throw invalid("has 1 to 63 lower-case letters, digits and hyphens, and begins with no hyphen");
  const parsed = parseOutgoingUrl(url, deps.reach);
  if ("wrong" in parsed)
    throw new WorkflowError("invalid_consumer", `This URL cannot be used: ${parsed.wrong}.`);
  const secret = newWebhookSecret();
  const place = { tenant, sealedUnder: deps.newId<UserId>() };
  const act = {
    action: "erasure.add_consumer",
    resource: named(name),
    details: { host: new URL(parsed.href).host },
  } as const;
  await auditedBy(deps, party, act, async (client) => {
    const sealed = await sealConsumer(deps.subjects, place, { url: parsed.href, secret });
    const { rowCount } = await client.query(
      `insert into erasure_consumers (tenant, name, sealed, sealed_under, added_at_ms)
       select $1::uuid, $2, $3, $4, $5
       where (select count(*) from erasure_consumers) < $6 on conflict do nothing`,
      [tenant, name, sealed, place.sealedUnder, deps.now(), MOST_CONSUMERS],
    );
    if (rowCount === 0)
      throw invalid(`is new, and a tenant has at most ${MOST_CONSUMERS}. Remove one first`);
  });
  return secret;
}

/**
 * Removes a consumer. It is told of no further erasure, and those that run do not wait for it any more. The key of its secret
 * is destroyed first, so that no backup of the database opens it: if the removal fails afterwards, a repeat completes it.
 * @throws WorkflowError invalid_consumer: there is none of that name
 */
export async function removeConsumer(
  deps: UseCase & DestroyDeps,
  party: Operator,
  name: string,
): Promise<void> {
  const act = { action: "erasure.remove_consumer", resource: named(name) } as const;
  await auditedBy(deps, party, act, async (client) => {
    const { rows } = await client.query<{ sealedUnder: UserId }>(
      'select sealed_under as "sealedUnder" from erasure_consumers where name = $1',
      [name],
    );
    const [consumer] = rows;
    if (consumer === undefined)
      throw invalid("is that of a consumer: sealdesk erase consumer list");
    const by = { actor: party.operator };
    await destroySubjectKeys(deps, party.tenant, consumer.sealedUnder, by);
    await client.query("delete from erasure_consumers where name = $1", [name]);
  });
}

/** Returns the consumers of a tenant by name. */
export function listConsumers(deps: UseCase, party: Operator): Promise<readonly ListedConsumer[]> {
  const act = {
    action: "erasure.list_consumers",
    resource: { type: "tenant", id: tenantOf(party) },
  } as const;
  return auditedBy(deps, party, act, async (client) => {
    const { rows } = await client.query<ListedConsumer>(
      'select name, added_at_ms as "addedAtMs" from erasure_consumers order by name',
    );
    return rows;
  });
}

const invalid = (rule: string): WorkflowError =>
  new WorkflowError("invalid_consumer", `The name of a consumer ${rule}.`);
