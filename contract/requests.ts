import * as z from "zod/mini";
import { laws, rights } from "../policies/deadlines/periods.ts";
import { requestDecisions } from "../policies/request-machine.ts";
import { documentation } from "./documentation.ts";
import { bytes, caseId, count, milliseconds, openEnum, userId } from "./values.ts";

export { rights, type Right } from "../policies/deadlines/periods.ts";

const line = (description: string, longest: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(longest), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
    .register(documentation, { description });

const residence = z
  .string()
  .check(z.regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/))
  .register(documentation, {
    description: "Where the person lives, by ISO 3166: DE, US-CA",
  });

const asked = { right: z.enum(rights), residence: z.optional(residence) };

export const newRequest = z.strictObject(asked).register(documentation, { id: "NewRequest" });

export const newRequestFor = z
  .strictObject({ ...asked, receivedAtMs: z.optional(milliseconds) })
  .register(documentation, { id: "NewRequestOfAnother" });

export const acknowledgedRequest = z
  .object({
    id: caseId,
    /** The first moment after the last day on which it must be answered. */
    dueAtMs: milliseconds,
    /** True if the person had asked for the same before, and both are one case now. */
    isMerged: z.boolean(),
    /** The address of the page that shows how far the request is, also when the account is gone. */
    link: z.string(),
  })
  .register(documentation, { id: "AcknowledgedRequest" });

const requestState = {
  right: openEnum(rights),
  state: openEnum(["received", "accepted", "answered", "refused"]),
  pending: z.nullable(z.string()),
  law: openEnum(laws),
  /** Where the law says when it is due. */
  citation: z.string(),
  receivedAtMs: milliseconds,
  dueAtMs: milliseconds,
  extendedAtMs: z.nullable(milliseconds),
  extensionReason: z.nullable(z.string()),
  refusalGround: z.nullable(z.string()),
  endedAtMs: z.nullable(milliseconds),
};

const request = z.object({
  id: caseId,
  ...requestState,
  subject: z.nullable(userId),
  residence: z.nullable(z.string()),
  /** How often it was received. */
  receipts: count,
});

export const shownRequest = request.register(documentation, { id: "Request" });

export const shownRequests = z
  .object({ requests: z.array(request) })
  .register(documentation, { id: "Requests" });

export const requestLink = z
  .strictObject({ tenant: z.string().check(z.minLength(1), z.maxLength(64)), secret: bytes(32) })
  .register(documentation, { id: "RequestLink" });

export const linkedRequest = z.object(requestState).register(documentation, {
  id: "LinkedRequest",
});

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
