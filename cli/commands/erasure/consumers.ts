import { uuidv7 } from "uuidv7";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import { webhookSecretText } from "../../../identity/alerts/webhook/webhook-secret.ts";
import {
  addConsumer,
  listConsumers,
  removeConsumer,
} from "../../../workflows/erasure/consumers/change-consumers.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists the systems of a tenant that are told of each erasure, one in each line. */
export const listConsumersCommand = (settings: Settings, { tenant }: Options): Promise<string> =>
  withPolicy(settings, tenant, async ({ deps, party }) => {
    const consumers = await listConsumers(deps, party);
    return consumers.length === 0
      ? "There is none."
      : consumers
          .map(({ name, addedAtMs }) => `${name} since ${new Date(addedAtMs).toISOString()}`)
          .join("\n");
  });

/** Adds one. */
export const addConsumerCommand = (
  settings: Settings,
  { tenant: slug, ...asked }: Options & { readonly name: string; readonly url: string },
): Promise<string> =>
  withKeys(settings, slug, async ({ data: pool, subjects, tenant }) => {
    const deps = {
      pool,
      subjects,
      reach: settings.outgoing,
      now: Date.now,
      newId: idGenerator(uuidv7),
    };
    const secret = await addConsumer(deps, { tenant, operator: settings.operator }, asked);
    return `Give ${asked.name} this secret. It is not shown again: ${webhookSecretText(secret)}`;
  });

/** Removes one. */
export async function removeConsumerCommand(
  settings: Settings,
  { tenant: slug, name }: Options & { readonly name: string },
): Promise<string> {
  await withKeys(settings, slug, ({ data: pool, keystore, tenant }) => {
    const apart = settings.keystore === undefined ? undefined : pool;
    const deps = { pool, keystore: keystore.pool, apart, now: Date.now };
    return removeConsumer(deps, { tenant, operator: settings.operator }, name);
  });
  return `${name} is told of no further erasure.`;
}
