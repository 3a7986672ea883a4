import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { bytes, count, milliseconds, uuid } from "./values.ts";

const label = () => z.optional(z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/)));
const line = (longest: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(longest), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u));
const days = z.int().check(z.minimum(1), z.maximum(36_500));

/** What records are. A rule, a lock or a hold names the labels that it is about. */
const labels = { dataClass: label(), team: label(), region: label() };

const newRule = z
  .strictObject({ ...labels, days })
  .register(documentation, { id: "NewRetentionRule" });
const rule = z.object({ ...labels, days }).register(documentation, { id: "RetentionRule" });
const newRules = z.array(newRule).check(z.maxLength(24));

export const newRetentionPreview = z
  .strictObject({ rules: newRules })
  .register(documentation, { id: "NewRetentionPreview" });

const expired = z
  .object({
    conversations: count,
    messages: count,
    attachments: count,
    bytes: count,
    /** The messages among them that holds preserve. */
    held: count,
  })
  .register(documentation, { id: "ExpiredRecords" });

export const retentionPreview = z
  .object({
    isShortening: z.boolean(),
    effects: z.array(z.object({ atMs: milliseconds, before: expired, after: expired })),
  })
  .register(documentation, { id: "RetentionPreview" });

export const newRetentionVersion = z
  .strictObject({
    rules: newRules,
    reason: line(300),
    /** When it is to take effect; as soon as it may by default. */
    beginsAtMs: z.optional(milliseconds),
  })
  .register(documentation, { id: "NewRetentionVersion" });

export const savedRetentionVersion = z
  .object({
    version: count,
    effectiveFromMs: z.nullable(milliseconds),
    approval: z.nullable(z.object({ id: uuid, hash: bytes(32) })),
  })
  .register(documentation, { id: "SavedRetentionVersion" });

export const newRetentionLock = z
  .strictObject({ ...labels, days, citation: line(200) })
  .register(documentation, { id: "NewRetentionLock" });

export const setRetentionLock = z
  .object({ id: uuid })
  .register(documentation, { id: "SetRetentionLock" });

export const newClassification = z
  .strictObject({ ...labels, reason: z.optional(line(300)) })
  .register(documentation, { id: "NewClassification" });

export const classified = z
  .object({ approval: z.nullable(z.object({ id: uuid, hash: bytes(32) })) })
  .register(documentation, { id: "Classified" });

export const retention = z
  .object({
    rules: z.array(rule),
    locks: z.array(
      z.object({
        id: uuid,
        ...labels,
        days,
        citation: z.string(),
        setBy: z.string(),
        setAtMs: milliseconds,
      }),
    ),
    versions: z.array(
      z.object({
        version: count,
        rules: z.array(rule),
        hash: bytes(32),
        savedBy: z.string(),
        savedAtMs: milliseconds,
        beginsAtMs: z.nullable(milliseconds),
        approval: z.nullable(uuid),
        effectiveFromMs: z.nullable(milliseconds),
      }),
    ),
  })
  .register(documentation, { id: "Retention" });
