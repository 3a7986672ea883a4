/** What the server knows about a person, as their copy has it. The schema is published with the copy, in `schema/`. */
import * as z from "zod/mini";
import { caseId, conversationId, count, deviceId, milliseconds, userId, uuid } from "./values.ts";

const text = z.string();
const orNull = z.nullable;

/**
 * `data/record.json`: what the server knows about the person beside their conversations. Times are milliseconds since the Unix
 * epoch. Ids are pseudonyms, and numbers of events count from 1.
 */
export const exportRecord = z.object({
  version: count,
  /** The short name of the organisation. */
  organisation: text,
  writtenAtMs: milliseconds,
  request: z.object({
    id: caseId,
    right: text,
    law: text,
    citation: text,
    receivedAtMs: milliseconds,
  }),
  account: z.object({
    id: userId,
    role: text,
    displayName: orNull(text),
    createdAtMs: milliseconds,
  }),
  devices: z.array(
    z.object({ id: deviceId, registeredAtMs: milliseconds, removedAtMs: orNull(milliseconds) }),
  ),
  sessions: z.array(
    z.object({ method: text, beganAtMs: milliseconds, endedAtMs: orNull(milliseconds) }),
  ),
  conversations: z.array(
    z.object({
      id: conversationId,
      beganAtMs: milliseconds,
      state: text,
      /** The events that the person could see; null at the end while the person is a member. */
      seen: z.array(z.object({ fromSeq: count, untilSeq: orNull(count) })),
    }),
  ),
  consents: z.array(
    z.object({
      number: count,
      purpose: text,
      state: text,
      conversation: orNull(conversationId),
      noticeVersion: orNull(count),
      noticeLanguage: orNull(text),
      expiresAtMs: orNull(milliseconds),
      receivedAtMs: milliseconds,
    }),
  ),
  notices: z.array(z.object({ version: count, language: text, shownAtMs: milliseconds })),
  /** Who could read the conversations, by role and pseudonym. Their names are data about them, and are not in the copy. */
  recipients: z.array(z.object({ user: userId, role: text, conversations: count })),
  /** How long records of each kind are kept, in days. What no rule is about is kept without a limit. */
  retention: z.array(
    z.object({
      dataClass: orNull(text),
      team: orNull(text),
      region: orNull(text),
      days: orNull(count),
    }),
  ),
  /** The laws that demand that records are kept at least so long, in days. */
  retentionLocks: z.array(z.object({ days: count, citation: text })),
  /** The accounting of disclosures of the last six years. */
  disclosures: z.array(
    z.object({
      recipient: text,
      shown: text,
      conversation: orNull(uuid),
      purpose: orNull(text),
      firstAtMs: milliseconds,
      lastAtMs: milliseconds,
      count,
    }),
  ),
  /** The person's requests, and what was decided about them. */
  decisions: z.array(
    z.object({
      id: caseId,
      right: text,
      law: text,
      state: text,
      receivedAtMs: milliseconds,
      dueAtMs: milliseconds,
      extensionReason: orNull(text),
      refusalGround: orNull(text),
      endedAtMs: orNull(milliseconds),
    }),
  ),
});

export type ExportRecord = z.output<typeof exportRecord>;
