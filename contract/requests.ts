import * as z from "zod/mini";
import { laws, rights } from "../policies/deadlines/periods.ts";
import { documentation } from "./documentation.ts";
import { caseId, count, milliseconds, openEnum, userId } from "./values.ts";

export { rights, type Right } from "../policies/deadlines/periods.ts";

const residence = z
  .string()
  .check(z.regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/))
  .register(documentation, {
    description: "Where the person lives, by ISO 3166: DE, US-CA",
  });

/** What everybody says who asks, or who records it. */
export const asked = { right: z.enum(rights), residence: z.optional(residence) };

export const newRequest = z.strictObject(asked).register(documentation, { id: "NewRequest" });

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

/** How far the erasure of a request is. */
export const erasureProgress = {
  state: z.string(),
  /** Why the present step could not be done when it was last tried: a code. */
  pending: z.nullable(z.string()),
  /** Until when nothing is destroyed, so that the person can withdraw it; null before the account is fenced. */
  contestableUntilMs: z.nullable(milliseconds),
  /** When its certificate was signed. */
  certifiedAtMs: z.nullable(milliseconds),
};

/** The restriction of a request. */
const restrictionProgress = z.object({
  state: openEnum(["in_force", "announced", "lifted"]),
  /** When it ends; null before its end is announced. */
  liftsAtMs: z.nullable(milliseconds),
});

/** How far the copy is that answers a request. */
export const copyProgress = {
  state: z.string(),
  /** Why the present step could not be done when it was last tried: a code. */
  pending: z.nullable(z.string()),
  packedAtMs: z.nullable(milliseconds),
  /** When its manifest was signed. */
  completedAtMs: z.nullable(milliseconds),
};

/** What everybody is shown who may see a request. */
export const requestState = {
  right: openEnum(rights),
  state: openEnum(["received", "accepted", "answered", "refused", "withdrawn", "merged"]),
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
  /** Null unless it is an accepted request for restriction. */
  restriction: z.nullable(restrictionProgress),
};

const request = z.object({
  id: caseId,
  ...requestState,
  subject: z.nullable(userId),
  residence: z.nullable(z.string()),
  /** Null unless it is an accepted request for erasure. */
  erasure: z.nullable(z.object({ id: caseId, ...erasureProgress })),
  /** The last copy that the person's device has begun; null if it has begun none. */
  copy: z.nullable(z.object({ id: caseId, ...copyProgress })),
  /** How often it was received. */
  receipts: count,
});

export const shownRequest = request.register(documentation, { id: "Request" });

export const shownRequests = z
  .object({ requests: z.array(request) })
  .register(documentation, { id: "Requests" });
