import * as z from "zod/mini";
import { requestDecisions } from "../policies/request-machine.ts";
import { documentation } from "./documentation.ts";
import { windowHours } from "./erasures.ts";
import { asked } from "./requests.ts";
import { caseId, count, milliseconds, userId } from "./values.ts";

const line = (description: string, longest: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(longest), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
    .register(documentation, { description });

export const newRequestFor = z
  .strictObject({ ...asked, receivedAtMs: z.optional(milliseconds) })
  .register(documentation, { id: "NewRequestOfAnother" });

export const recordedRequest = z
  .object({
    id: caseId,
    dueAtMs: milliseconds,
    isMerged: z.boolean(),
    /** Null if the request is a repeat: the person has a link already. */
    link: z.nullable(z.string()),
  })
  .register(documentation, { id: "RecordedRequest" });

/** As RFC 5321 section 4.5.3.1.3 bounds it. Only a letter to the address says whether it exists. */
const email = z
  .string()
  .check(z.maxLength(254), z.regex(/^[^\s@\p{Cc}\p{Cf}]{1,64}@[^\s@\p{Cc}\p{Cf}]+$/u))
  .register(documentation, { description: "The address from which it came. It is not stored" });

export const newEmailRequest = z
  .strictObject({ ...asked, email, receivedAtMs: z.optional(milliseconds) })
  .register(documentation, { id: "NewEmailRequest" });

export const requestVerification = z
  .object({ link: z.string(), expiresAtMs: milliseconds })
  .register(documentation, { id: "RequestVerification" });

export const newRequestSubject = z
  .strictObject({ user: userId })
  .register(documentation, { id: "NewRequestSubject" });

export const assignedRequest = z
  .object({ id: caseId })
  .register(documentation, { id: "AssignedRequest" });

export const renewedLink = z
  .object({ link: z.string() })
  .register(documentation, { id: "RenewedRequestLink" });

export const newExtension = z
  .strictObject({ reason: line("Why, for the person who asked: one line", 300) })
  .register(documentation, { id: "NewExtension" });

export const extendedRequest = z
  .object({ dueAtMs: milliseconds })
  .register(documentation, { id: "ExtendedRequest" });

export const newDecision = z
  .strictObject({
    decision: z.enum(requestDecisions),
    ground: z.optional(line("The law that allows the refusal: one line", 200)),
    /** Of an erasure that is accepted. */
    windowHours: z.optional(windowHours),
  })
  .register(documentation, { id: "NewRequestDecision" });

const rulesContent = z.record(z.string(), z.unknown()).register(documentation, {
  description: "The time zone, the holidays, and which law applies to whom",
});

export const newRequestRules = z
  .strictObject({ content: rulesContent, effectiveFromMs: z.optional(milliseconds) })
  .register(documentation, { id: "NewRequestRules" });

export const requestRulesVersion = z
  .object({ version: count })
  .register(documentation, { id: "RequestRulesVersion" });

export const shownRequestRules = z
  .object({ version: count, content: rulesContent })
  .register(documentation, { id: "RequestRules" });
