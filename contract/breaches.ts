import * as z from "zod/mini";
import { dutyIds, regimes } from "../policies/breach/duties.ts";
import { exposures, takenKinds } from "../policies/breach/exposure.ts";
import { containments } from "../policies/breach/runbook.ts";
import { documentation } from "./documentation.ts";
import { caseId, count, deviceId, milliseconds, openEnum, userId, uuid } from "./values.ts";

const line = (description: string) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(200), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
    .register(documentation, { description });

const takenItems = z
  .array(
    z.strictObject({
      what: z.enum(takenKinds),
      /** When the copy was made, or when the access ended. */
      atMs: milliseconds,
      /** The device, if it is one. */
      device: z.optional(deviceId),
    }),
  )
  .check(z.minLength(1), z.maxLength(20));

export const newBreach = z
  .strictObject({
    description: line("What happened, for the letters, without names of people: one line"),
    taken: takenItems,
    regimes: z.array(z.enum(regimes)).check(z.minLength(1), z.maxLength(regimes.length)),
    discoveredAtMs: milliseconds,
    awareAtMs: z.optional(milliseconds),
    classifiedAtMs: z.optional(milliseconds),
  })
  .register(documentation, { id: "NewBreach" });

export const openedBreach = z
  .object({ id: caseId })
  .register(documentation, { id: "OpenedBreach" });

/** What is done or recorded next. */
export const newBreachStep = z
  .discriminatedUnion("step", [
    z.strictObject({ step: z.enum(containments) }),
    z.strictObject({ step: z.literal("record_taken"), taken: takenItems }),
    z.strictObject({ step: z.literal("record_classification"), atMs: milliseconds }),
    z.strictObject({
      step: z.literal("record_notice"),
      duty: z.enum(dutyIds),
      atMs: milliseconds,
    }),
    z.strictObject({
      step: z.literal("waive_notice"),
      duty: z.enum(dutyIds),
      ground: line("Why the notice is not due, with the provision: one line"),
    }),
  ])
  .register(documentation, { id: "NewBreachStep" });

export const newClosure = z
  .strictObject({ reason: line("The conclusion: one line") })
  .register(documentation, { id: "NewClosure" });

export const breachList = z
  .object({
    breaches: z.array(
      z.object({
        id: caseId,
        description: z.string(),
        state: z.string(),
        openedAtMs: milliseconds,
        /** The next due date of a notice. */
        dueAtMs: z.nullable(milliseconds),
        endedAtMs: z.nullable(milliseconds),
      }),
    ),
  })
  .register(documentation, { id: "Breaches" });

const audience = openEnum(["authority", "subject"]);

export const shownBreach = z
  .object({
    id: caseId,
    description: z.string(),
    taken: z.array(
      z.object({ what: openEnum(takenKinds), atMs: milliseconds, device: z.optional(uuid) }),
    ),
    regimes: z.array(z.string()),
    discoveredAtMs: milliseconds,
    awareAtMs: milliseconds,
    classifiedAtMs: z.nullable(milliseconds),
    timeZone: z.string(),
    openedBy: z.string(),
    openedAtMs: milliseconds,
    state: z.string(),
    /** Why the present step could not be done when it was last tried: a code. */
    pending: z.nullable(z.string()),
    assessedAtMs: z.nullable(milliseconds),
    endedAtMs: z.nullable(milliseconds),
    closingReason: z.nullable(z.string()),
    sessionsRevoked: count,
    /** Null until all accounts are assessed. */
    verdict: z.nullable(
      z.object({
        isNoticeDue: z.boolean(),
        /** The accounts about which something is exposed that makes a notice due. */
        accounts: count,
        customers: count,
        /** The number of accounts by what is exposed about them. */
        exposed: z.record(z.string(), count),
      }),
    ),
    clocks: z.array(
      z.object({
        duty: openEnum(dutyIds),
        audience,
        citation: z.string(),
        /** Null if it does not run yet. */
        startsAtMs: z.nullable(milliseconds),
        /** Null if it does not run yet, or if the law sets no number. */
        dueAtMs: z.nullable(milliseconds),
        sentAtMs: z.nullable(milliseconds),
        state: openEnum(["waiting", "running", "late", "no_delay", "met", "met_late", "not_due"]),
      }),
    ),
    notices: z.array(
      z.object({
        duty: z.string(),
        sentAtMs: z.nullable(milliseconds),
        /** Why it is not due. */
        ground: z.nullable(z.string()),
        recordedBy: z.string(),
        recordedAtMs: milliseconds,
      }),
    ),
    runbook: z.array(
      z.object({
        step: z.string(),
        by: openEnum(["server", "person"]),
        command: z.string(),
        why: z.string(),
        doneAtMs: z.nullable(milliseconds),
      }),
    ),
    /** Drafts. What stands in square brackets, only you know. */
    letters: z.array(z.object({ audience, citations: z.array(z.string()), text: z.string() })),
  })
  .register(documentation, { id: "Breach" });

export const exposedSubjectsQuery = z.strictObject({ after: z.optional(userId) });

export const exposedSubjects = z
  .object({
    subjects: z.array(z.object({ subject: userId, exposures: z.array(openEnum(exposures)) })),
    next: z.nullable(uuid).register(documentation, {
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "ExposedSubjects" });
