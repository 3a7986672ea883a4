import * as z from "zod/mini";
import { MAX_ACCESS_MINUTES } from "../policies/break-glass.ts";
import { documentation } from "./documentation.ts";
import { bytes, conversationId, milliseconds, openEnum, userId, uuid } from "./values.ts";

const minutes = z.int().check(z.minimum(1), z.maximum(MAX_ACCESS_MINUTES));

export const newAccess = z
  .strictObject({
    reason: z
      .string()
      .check(z.minLength(1), z.maxLength(300), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
      .register(documentation, {
        description: "Why, for those who approve and review: one line, without names or content",
      }),
    minutes,
  })
  .register(documentation, { id: "NewAccess" });

export const requestedAccess = z
  .object({ id: uuid, hash: bytes(32), expiresAtMs: milliseconds })
  .register(documentation, { id: "RequestedAccess" });

const access = z.object({
  id: uuid,
  conversation: conversationId,
  requester: userId,
  reason: z.string(),
  minutes,
  requestedAtMs: milliseconds,
  state: openEnum(["requested", "refused", "withdrawn", "expired", "granted", "ended", "reviewed"]),
  approvers: z.array(z.string()),
  grantedUntilMs: z.nullable(milliseconds),
  endedAtMs: z.nullable(milliseconds),
  endedBy: z.nullable(z.string()),
  reviewedBy: z.nullable(z.string()),
  finding: z.nullable(openEnum(["justified", "not_justified"])),
});

export const accesses = z
  .object({ accesses: z.array(access) })
  .register(documentation, { id: "Accesses" });

export const newReview = z
  .strictObject({ finding: z.enum(["justified", "not_justified"]) })
  .register(documentation, { id: "NewReview" });
