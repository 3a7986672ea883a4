import * as z from "zod/mini";
import {
  appealOutcomes,
  MOST_BAN_HOURS,
  MOST_MUTE_HOURS,
  MOST_REPORTED,
  reportDecisions,
  reportReasons,
} from "../policies/report-terms.ts";
import { documentation } from "./documentation.ts";
import {
  bytes,
  conversationId,
  count,
  deviceId,
  milliseconds,
  openEnum,
  reportId,
  userId,
  uuid,
} from "./values.ts";

export { MOST_REPORTED, reportReasons };
export type { ReportReason } from "../policies/report-terms.ts";

/** The longest payload of a message, in bytes. */
const MOST_PAYLOAD = 63 * 1024;

export const newReport = z
  .strictObject({
    conversation: conversationId,
    reason: z.enum(reportReasons),
    messages: z
      .array(
        z.strictObject({
          seq: z.int().check(z.minimum(1)),
          isContext: z.boolean().register(documentation, {
            description: "True for a message that is shown to make the others understood",
          }),
          frankingTag: bytes(32),
          frankingKey: bytes(32),
          signature: bytes(64),
          payload: bytes(MOST_PAYLOAD, "at most"),
        }),
      )
      .check(z.minLength(1), z.maxLength(MOST_REPORTED)),
  })
  .register(documentation, { id: "NewReport" });

export const submittedReport = z
  .object({ id: reportId })
  .register(documentation, { id: "SubmittedReport" });

const storedReport = {
  id: reportId,
  conversation: conversationId,
  reporter: userId,
  reported: userId,
  reason: openEnum(reportReasons),
  submittedAtMs: milliseconds,
  /** When what was disclosed is destroyed, unless a legal hold covers it. */
  disclosedUntilMs: milliseconds,
  destroyedAtMs: z.nullable(milliseconds),
  decision: z.nullable(openEnum(reportDecisions)),
  decidedAtMs: z.nullable(milliseconds),
  decidedBy: z.nullable(z.string()),
  decisionReason: z.nullable(z.string()),
  sanctionUntilMs: z.nullable(milliseconds),
  appealedAtMs: z.nullable(milliseconds),
  appealOutcome: z.nullable(openEnum(appealOutcomes)),
};

export const reportsQuery = z.strictObject({ all: z.optional(z.enum(["true", "false"])) });

export const reportList = z
  .object({ reports: z.array(z.object(storedReport)) })
  .register(documentation, { id: "Reports" });

export const shownReport = z
  .object({
    ...storedReport,
    messages: z.array(
      z.object({
        seq: count,
        author: userId,
        device: deviceId,
        receivedAtMs: milliseconds,
        isContext: z.boolean(),
        /** Null after it was destroyed. */
        content: z.nullable(
          z.object({
            kind: openEnum(["text", "attachment", "edit", "correction", "deletion"]),
            text: z.nullable(z.string()),
            attachment: z.nullable(
              z.object({ name: z.string(), mediaType: z.string(), size: count }),
            ),
          }),
        ),
      }),
    ),
  })
  .register(documentation, { id: "Report" });

const reason = z
  .string()
  .check(z.minLength(1), z.maxLength(200), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
  .register(documentation, {
    description: "Why: one line. It is stored, so write no names",
  });
const hours = (most: number) => z.int().check(z.minimum(1), z.maximum(most));

export const newReportDecision = z
  .discriminatedUnion("decision", [
    z.strictObject({ decision: z.literal("dismiss"), reason }),
    z.strictObject({ decision: z.literal("warn"), reason }),
    z.strictObject({ decision: z.literal("mute"), reason, hours: hours(MOST_MUTE_HOURS) }),
    z.strictObject({
      decision: z.literal("ban"),
      reason,
      of: z.enum(["account", "device"]),
      hours: z.optional(hours(MOST_BAN_HOURS)).register(documentation, {
        description: "When it ends by itself; without it, it does not",
      }),
    }),
  ])
  .register(documentation, { id: "NewReportDecision" });

export const decidedReport = z
  .object({
    /** The request that a second moderator must approve; null if the decision is in force. */
    request: z.nullable(z.object({ id: uuid, hash: bytes(32), expiresAtMs: milliseconds })),
  })
  .register(documentation, { id: "DecidedReport" });

export const reportCounts = z
  .object({
    open: count,
    /** By decision. */
    decided: z.record(z.string(), count),
    oldestOpenAtMs: z.nullable(milliseconds),
  })
  .register(documentation, { id: "ReportCounts" });

export const newAppealDecision = z
  .strictObject({ outcome: z.enum(appealOutcomes), reason })
  .register(documentation, { id: "NewAppealDecision" });

export const ownDecisions = z
  .object({
    decisions: z.array(
      z.object({
        id: reportId,
        decision: openEnum(reportDecisions),
        decidedAtMs: milliseconds,
        sanctionUntilMs: z.nullable(milliseconds),
        appealedAtMs: z.nullable(milliseconds),
        appealOutcome: z.nullable(openEnum(appealOutcomes)),
      }),
    ),
  })
  .register(documentation, { id: "OwnDecisions" });
