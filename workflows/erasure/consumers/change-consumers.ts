import type { NewId, UserId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { newWebhookSecret } from "../../../identity/alerts/webhook/webhook-secret.ts";
import { entryBy, type UseCase } from "../../../identity/audited.ts";
import { parseOutgoingUrl } from "../../../identity/outgoing/outgoing-url.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../../identity/party.ts";
import { assertFreshFactor } from "../../../identity/second-factor/fresh-factor.ts";
import { destroySubjectKeys, type DestroyDeps } from "../../../keys/at-rest/destroy.ts";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import type { Secret } from "../../../keys/secret.ts";
import type { Decision } from "../../../policies/decision.ts";
import { decideErasure } from "../../../policies/erasures.ts";
import { WorkflowError } from "../../workflow-error.ts";
import { sealConsumer } from "./stored-consumer.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_CONSUMERS = 20;

const LOCK =
  "select pg_advisory_xact_lock(hashtext('sealdesk.erasure_consumers'), hashtext($1::text))";

/** A consumer as staff and the operator see it. */
export interface ListedConsumer {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly addedAtMs: number;
}

const named = (name: string) => ({ type: "erasure_consumer" as const, id: name });

/**
 * Adds a system of the tenant that is told of each erasure from now on. Officers are alerted.
 * @returns the secret that signs the events, which is shown to nobody again
 * @throws WorkflowError invalid_consumer: the name or the URL cannot be used, or the name is taken; too_many_consumers;
 *   IdentityError forbidden, device_required, step_up_required; KeysError kms_...
 */
export async function addConsumer(
  deps: UseCase & {
    readonly newId: NewId;
    readonly subjects: SubjectKeys;
    readonly reach: OutgoingReach;
  },
  party: Party,
  { name, url }: { readonly name: string; readonly url: string },
): Promise<Secret<Uint8Array>> {
  const tenant = tenantOf(party);
  if (!NAME.test(name))
    throw invalid(
      "A name has 1 to 63 lower-case letters, digits and hyphens, and begins with no hyphen.",
    );
  const secret = newWebhookSecret();
  const place = { tenant, sealedUnder: deps.newId<UserId>() };
  const act = { action: "erasure.add_consumer", resource: named(name) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySet(client, party, deps.now()));
    const parsed = parseOutgoingUrl(url, deps.reach);
    if ("wrong" in parsed) throw invalid(`This URL cannot be used: ${parsed.wrong}.`);
    const { href } = parsed;
    // Two that are added at the same time wait for each other, so that both are counted.
    await client.query(LOCK, [tenant]);
    const { rows } = await client.query<{ name: string }>("select name from erasure_consumers");
    if (rows.some((each) => each.name === name))
      throw invalid("The name is taken. Remove that consumer first, or take another name.");
    if (rows.length >= MOST_CONSUMERS)
      throw new WorkflowError(
        "too_many_consumers",
        `A tenant has at most ${MOST_CONSUMERS} consumers. Remove one first.`,
      );
    const sealed = await sealConsumer(deps.subjects, place, { url: href, secret });
    await client.query(
      `insert into erasure_consumers (tenant, name, sealed, sealed_under, added_at_ms)
       values ($1, $2, $3, $4, $5)`,
      [tenant, name, sealed, place.sealedUnder, deps.now()],
    );
    note({ details: { host: new URL(href).host } });
  });
  return secret;
}

/**
 * Removes a consumer. It is told of no further erasure, and those that run do not wait for it any more. The key of its secret
 * is destroyed first, so that no backup of the database opens it: if the removal fails afterwards, a repeat completes it.
 * Officers are alerted.
 * @throws WorkflowError consumer_not_found; IdentityError forbidden, device_required, step_up_required
 */
export async function removeConsumer(
  deps: UseCase & DestroyDeps,
  party: Party,
  name: string,
): Promise<void> {
  const act = { action: "erasure.remove_consumer", resource: named(name) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySet(client, party, deps.now()));
    const { rows } = await client.query<{ sealedUnder: UserId }>(
      'select sealed_under as "sealedUnder" from erasure_consumers where name = $1',
      [name],
    );
    const [consumer] = rows;
    if (consumer === undefined)
      throw new WorkflowError("consumer_not_found", "There is no consumer of this name.");
    const by = "actor" in party ? entryBy(party.actor) : { actor: party.operator };
    await destroySubjectKeys(deps, tenantOf(party), consumer.sealedUnder, by);
    await client.query("delete from erasure_consumers where name = $1", [name]);
  });
}

/** Returns the consumers of a tenant by name. @throws IdentityError forbidden */
export function listConsumers(deps: UseCase, party: Party): Promise<readonly ListedConsumer[]> {
  const tenant = tenantOf(party);
  const act = {
    action: "erasure.list_consumers",
    resource: { type: "tenant", id: tenant },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(
      assertParty(party, (actor) =>
        decideErasure(actor, "read_consumers", { tenant, subject: null }),
      ),
    );
    const { rows } = await client.query<ListedConsumer>(
      'select name, added_at_ms as "addedAtMs" from erasure_consumers order by name',
    );
    return rows;
  });
}

/** Requires that the party may change who is told: staff with a fresh second factor, or the operator. */
async function assertMaySet(
  client: Client,
  party: Party,
  nowMs: number,
): Promise<{ readonly decision?: Decision }> {
  const decided = assertParty(party, (actor) =>
    decideErasure(actor, "set_consumers", { tenant: actor.tenant, subject: null }),
  );
  if ("actor" in party) await assertFreshFactor(client, party.actor, "set_consumers", nowMs);
  return decided;
}

const invalid = (sentence: string): WorkflowError =>
  new WorkflowError("invalid_consumer", sentence);
