import { uuidv7 } from "uuidv7";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import { readWebhook, type Webhook } from "../../../identity/alerts/webhook/read-webhook.ts";
import { removeWebhook } from "../../../identity/alerts/webhook/remove-webhook.ts";
import { setWebhook } from "../../../identity/alerts/webhook/set-webhook.ts";
import { testWebhook } from "../../../identity/alerts/webhook/test-webhook.ts";
import { webhookSecretText } from "../../../identity/alerts/webhook/webhook-secret.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Shows where the alerts of a tenant are sent. */
export async function showWebhookCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const webhook = await withPolicy(settings, tenant, ({ deps, party }) => readWebhook(deps, party));
  return json === true ? JSON.stringify(webhook) : described(webhook);
}

function described({ host, setAtMs, failingSinceMs, disabledAtMs, waiting }: Webhook): string {
  const at = (ms: number) => new Date(ms).toISOString();
  return [
    `Alerts are sent to ${host}, since ${at(setAtMs)}.`,
    ...(failingSinceMs === null ? [] : [`Every attempt failed since ${at(failingSinceMs)}.`]),
    ...(disabledAtMs === null
      ? []
      : [`The server gave up at ${at(disabledAtMs)}. Set the webhook again.`]),
    `Alerts that wait: ${waiting}`,
  ].join("\n");
}

/** Sets where the alerts of a tenant are sent. */
export async function setWebhookCommand(
  settings: Settings,
  { tenant, url }: Options & { readonly url: string },
): Promise<string> {
  const secret = await withWebhook(settings, tenant, (deps, party) => setWebhook(deps, party, url));
  return `Give the receiver this secret. It is not shown again: ${webhookSecretText(secret)}`;
}

/** Removes the webhook of a tenant. */
export async function removeWebhookCommand(
  settings: Settings,
  { tenant }: Options,
): Promise<string> {
  await withPolicy(settings, tenant, ({ deps, party }) => removeWebhook(deps, party));
  return "Alerts are not sent any more.";
}

/** Sends a test message. @throws CommandError if the receiver does not take it */
export async function testWebhookCommand(settings: Settings, { tenant }: Options): Promise<string> {
  const answer = await withWebhook(settings, tenant, testWebhook);
  const what = "status" in answer ? `status ${answer.status}` : answer.failure;
  if (answer.isTaken) return `The receiver took the test message: ${what}.`;
  throw new CommandError(
    `The receiver did not take the test message: ${what}. It must answer with a status from 200 to 299 within 10 seconds.`,
  );
}

type Work<T> = (
  deps: Parameters<typeof setWebhook>[0],
  party: Parameters<typeof setWebhook>[1],
) => Promise<T>;

const withWebhook = <T>(settings: Settings, slug: string, work: Work<T>): Promise<T> =>
  withKeys(settings, slug, ({ data: pool, subjects, tenant }) =>
    work(
      { pool, subjects, reach: settings.outgoing, now: Date.now, newId: idGenerator(uuidv7) },
      { tenant, operator: settings.operator },
    ),
  );
