import * as z from "zod/mini";
import { MOST_WINDOW_HOURS } from "../policies/erasure-window.ts";
import { documentation } from "./documentation.ts";
import {
  caseId,
  conversationId,
  count,
  deviceId,
  milliseconds,
  openEnum,
  userId,
  uuid,
} from "./values.ts";

const law = z
  .string()
  .check(z.minLength(1), z.maxLength(200), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
  .register(documentation, {
    description:
      "The provision on which the person relies: one line. GDPR Article 17(1) by default",
  });

export const windowHours = z
  .int()
  .check(z.minimum(0), z.maximum(MOST_WINDOW_HOURS))
  .register(documentation, {
    description:
      "Hours in which the plan can be contested, and nothing is destroyed; 24 by default",
  });

const consumerName = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
  .register(documentation, { description: "What certificates call the system" });

export const consumerParams = z.strictObject({ name: consumerName });

export const newErasureConsumer = z
  .strictObject({ name: consumerName, url: z.string() })
  .register(documentation, { id: "NewErasureConsumer" });

export const erasureConsumers = z
  .object({ consumers: z.array(z.object({ name: z.string(), addedAtMs: milliseconds })) })
  .register(documentation, { id: "ErasureConsumers" });

export const erasurePlanQuery = z.strictObject({ law: z.optional(law) });

export const newErasure = z
  .strictObject({
    /** You make it. If you repeat the request with it, one erasure is begun. */
    id: caseId,
    law: z.optional(law),
    receivedAtMs: z.optional(milliseconds),
    windowHours: z.optional(windowHours),
  })
  .register(documentation, { id: "NewErasure" });

export const begunErasure = z
  .object({ id: caseId })
  .register(documentation, { id: "BegunErasure" });

const keeping = z.nullable(
  z.object({
    ground: openEnum(["legal_hold", "retention_lock"]),
    citation: z.string(),
    reviewAtMs: milliseconds,
  }),
);

export const erasurePlan = z
  .object({
    scopes: z.array(
      z.object({
        conversation: conversationId,
        /** The number of the 30 days since the Unix epoch. */
        period: count,
        messages: count,
        attachments: count,
        keys: count,
        /** What keeps it; null if it is erased. */
        keeping,
      }),
    ),
    account: z.object({ devices: count, sessions: count, auditFields: count, keeping }),
  })
  .register(documentation, { id: "ErasurePlan" });

export const shownErasure = z
  .object({
    id: caseId,
    subject: userId,
    law: z.string(),
    receivedAtMs: milliseconds,
    /** The request that began it. */
    request: z.nullable(caseId),
    state: z.string(),
    /** Why the present step could not be done when it was last tried: a code. */
    pending: z.nullable(z.string()),
    /** Until when nothing is destroyed; null before the account is fenced. */
    contestableUntilMs: z.nullable(milliseconds),
    endedAtMs: z.nullable(milliseconds),
    items: z.array(
      z.object({
        kind: z.string(),
        item: uuid,
        outcome: openEnum(["erased", "restricted"]),
        records: count,
        keys: count,
        atMs: milliseconds,
        citation: z.nullable(z.string()),
        reviewAtMs: z.nullable(milliseconds),
      }),
    ),
    /** The devices of other members that were told to remove their copies. */
    devices: z.array(
      z.object({
        device: deviceId,
        user: userId,
        notifiedAtMs: milliseconds,
        acknowledgedAtMs: z.nullable(milliseconds),
      }),
    ),
    /** The systems of the organisation that are told. */
    consumers: z.array(
      z.object({
        consumer: z.string(),
        notifiedAtMs: milliseconds,
        acknowledgedAtMs: z.nullable(milliseconds),
        /** After how many attempts it took the event. */
        attempts: count,
      }),
    ),
  })
  .register(documentation, { id: "Erasure" });
