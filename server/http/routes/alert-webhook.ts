import { webhook, webhookAnswer, webhookChange, webhookSecret } from "../../../contract/alerts.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import { readWebhook } from "../../../identity/alerts/webhook/read-webhook.ts";
import { removeWebhook } from "../../../identity/alerts/webhook/remove-webhook.ts";
import { setWebhook } from "../../../identity/alerts/webhook/set-webhook.ts";
import type { WebhookDeps } from "../../../identity/alerts/webhook/stored-webhook.ts";
import { testWebhook } from "../../../identity/alerts/webhook/test-webhook.ts";
import { webhookSecretText } from "../../../identity/alerts/webhook/webhook-secret.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

type Deps = WebhookDeps & { readonly newId: NewId };

const path = "/v1/alerts/webhook";
const common = { path, tag: "Alerts", access: "session" } as const;
const changing = ["forbidden", "device_required", "step_up_required"] as const;

/** The routes of the webhook to which a tenant's alerts are sent. */
export const alertWebhookRoutes = (deps: Deps): readonly Route[] => [
  route(
    {
      ...common,
      method: "get",
      summary: "Show where alerts are sent, and whether they arrive",
      audits: ["alert.read_webhook"],
      answers: { 200: { description: "The webhook", schema: webhook } },
      problems: ["forbidden", "webhook_not_set"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await readWebhook(deps, { actor }) }),
  ),
  route(
    {
      ...common,
      method: "put",
      summary: "Set the URL to which alerts are sent, with a new secret",
      audits: ["alert.set_webhook"],
      body: webhookChange,
      bodyLimit: bodyLimits.small,
      answers: {
        200: { description: "The secret, which is not shown again", schema: webhookSecret },
      },
      problems: [...changing, "invalid_webhook_url"],
    },
    async ({ who: { actor }, body: { url } }) => ({
      status: 200,
      body: { secret: webhookSecretText(await setWebhook(deps, { actor }, url)) },
    }),
  ),
  route(
    {
      ...common,
      method: "delete",
      summary: "Remove the webhook",
      audits: ["alert.remove_webhook"],
      answers: { 204: { description: "Alerts are not sent any more" } },
      problems: [...changing, "webhook_not_set"],
    },
    async ({ who: { actor } }) => {
      await removeWebhook(deps, { actor });
      return { status: 204 };
    },
  ),
  route(
    {
      ...common,
      path: `${path}/test`,
      method: "post",
      summary: "Send a test message to the webhook",
      audits: ["alert.test_webhook"],
      answers: { 200: { description: "How the receiver answered", schema: webhookAnswer } },
      problems: [...changing, "webhook_not_set"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await testWebhook(deps, { actor }) }),
  ),
];
