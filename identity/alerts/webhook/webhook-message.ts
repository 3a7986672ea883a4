import { createHmac } from "node:crypto";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import type { Secret } from "../../../keys/secret.ts";
import {
  boundedRequest,
  OutgoingError,
  type OutgoingFailure,
} from "../../outgoing/bounded-request.ts";

/** What is sent. The same id always has the same body, so a receiver can leave out what it has. */
export interface WebhookMessage {
  readonly id: string;
  readonly body: string;
}

/** How a receiver answered: `status` is that of HTTP, `failure` says why there is none. */
export type WebhookAnswer =
  | { readonly isTaken: boolean; readonly status: number }
  | { readonly isTaken: false; readonly failure: OutgoingFailure };

/** A stored alert, as far as a receiver is told of it. */
export interface SentAlert {
  readonly id: Uuid;
  readonly action: string;
  readonly resourceKind: string;
  readonly resource: string;
  readonly actor: string;
  readonly subject: UserId | null;
  /** Milliseconds since the Unix epoch. */
  readonly raisedAtMs: number;
}

const LIMITS = { withinMs: 10_000, maxBytes: 64 * 1024 };

/**
 * Returns the message about an alert: ids and kinds, and no name. Of a person who acts as the operator it says "operator".
 * @param alert as it was stored in the transaction of the act
 */
export function alertMessage(tenant: TenantId, alert: SentAlert): WebhookMessage {
  const { id, action, resourceKind, resource, subject, raisedAtMs } = alert;
  const [actor] = alert.actor.split(":");
  return webhookMessage(id, "alert.raised", raisedAtMs, {
    tenant,
    action,
    resourceKind,
    resource,
    actor,
    subject,
  });
}

/** Returns a message with which a receiver is tried. */
export const testMessage = (tenant: TenantId, id: string, nowMs: number): WebhookMessage =>
  webhookMessage(id, "alert.test", nowMs, { tenant });

/**
 * Returns a message of a type, about what happened at `atMs` (milliseconds since the Unix epoch). The same arguments make the
 * same message.
 */
export const webhookMessage = (
  id: string,
  type: string,
  atMs: number,
  data: object,
): WebhookMessage => ({
  id,
  body: JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data: { id, ...data } }),
});

/**
 * Sends a message, signed as Standard Webhooks 1.0 says: HMAC-SHA256 over the id, the time of the attempt and the body. Only a status from
 * 200 to 299 means that the receiver has taken it. A redirect is not followed.
 * @param nowMs the time of the attempt, in milliseconds since the Unix epoch
 */
export async function sendMessage(
  {
    url,
    secret,
    reach,
  }: {
    readonly url: string;
    readonly secret: Secret<Uint8Array>;
    readonly reach: OutgoingReach;
  },
  { id, body }: WebhookMessage,
  nowMs: number,
): Promise<WebhookAnswer> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signed = `${id}.${timestamp}.${body}`;
  const signature = createHmac("sha256", secret.reveal()).update(signed).digest("base64");
  try {
    const { status } = await boundedRequest(new URL(url), {
      ...LIMITS,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "sealdesk",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature}`,
      },
      body,
      reach,
    });
    return { isTaken: status >= 200 && status <= 299, status };
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    return { isTaken: false, failure: error.code };
  }
}
