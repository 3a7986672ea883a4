import * as z from "zod/mini";
import { MOST_NOTICE_HOURS } from "../policies/restriction-notice.ts";
import { documentation } from "./documentation.ts";
import { caseId, conversationId, count, milliseconds, openEnum, userId } from "./values.ts";

export const newRestriction = z
  .strictObject({
    subject: userId,
    law: z.optional(
      z
        .string()
        .check(z.minLength(1), z.maxLength(200), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
        .register(documentation, {
          description: "The provision that demands it: one line. GDPR Article 18(1) by default",
        }),
    ),
    conversations: z.optional(
      z.array(conversationId).check(z.minLength(1), z.maxLength(200)).register(documentation, {
        description: "Conversations that the person began; all of them by default",
      }),
    ),
  })
  .register(documentation, { id: "NewRestriction" });

export const placedRestriction = z
  .object({ id: caseId, conversations: count })
  .register(documentation, { id: "PlacedRestriction" });

export const newLifting = z
  .strictObject({
    noticeHours: z.optional(
      z.int().check(z.minimum(0), z.maximum(MOST_NOTICE_HOURS)).register(documentation, {
        description: "How many hours before the end the person is told; 24 by default",
      }),
    ),
  })
  .register(documentation, { id: "NewLifting" });

export const announcedLifting = z
  .object({ liftsAtMs: milliseconds })
  .register(documentation, { id: "AnnouncedLifting" });

export const restrictionsQuery = z.strictObject({
  all: z.optional(z.enum(["true", "false"])),
});

export const restrictions = z
  .object({
    restrictions: z.array(
      z.object({
        id: caseId,
        subject: userId,
        law: z.string(),
        request: z.nullable(caseId),
        state: openEnum(["in_force", "announced", "lifted"]),
        conversations: z.array(conversationId),
        placedAtMs: milliseconds,
        liftsAtMs: z.nullable(milliseconds),
      }),
    ),
  })
  .register(documentation, { id: "Restrictions" });
