import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { milliseconds, userId, uuid } from "./values.ts";

export const alertsQuery = z.strictObject({
  before: z.optional(uuid).register(documentation, {
    description: "The last alert of the page before",
  }),
  all: z.optional(z.literal("true")).register(documentation, {
    description: "Lists acknowledged alerts too",
  }),
});

const alert = z.object({
  /** The `eventId` of the act's entry in the audit log. */
  id: uuid,
  action: z.string(),
  resourceKind: z.string(),
  resource: z.string(),
  actor: z.string(),
  subject: z.nullable(userId),
  raisedAtMs: milliseconds,
  acknowledgedBy: z.nullable(z.string()),
  acknowledgedAtMs: z.nullable(milliseconds),
});

export const alerts = z
  .object({ alerts: z.array(alert) })
  .register(documentation, { id: "Alerts" });

export const webhook = z
  .object({
    host: z.string(),
    setAtMs: milliseconds,
    failingSinceMs: z.nullable(milliseconds),
    disabledAtMs: z.nullable(milliseconds),
    waiting: z.number(),
  })
  .register(documentation, { id: "Webhook" });

export const webhookChange = z
  .strictObject({ url: z.string() })
  .register(documentation, { id: "WebhookChange" });

export const webhookSecret = z
  .object({
    secret: z.string().register(documentation, {
      description: "`whsec_` and base64, as receivers of Standard Webhooks take it",
    }),
  })
  .register(documentation, { id: "WebhookSecret" });

/** `status` is that of the receiver; `failure` says why there is none. */
export const webhookAnswer = z
  .object({
    isTaken: z.boolean(),
    status: z.optional(z.number()),
    failure: z.optional(z.string()),
  })
  .register(documentation, { id: "WebhookAnswer" });
