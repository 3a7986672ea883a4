/** Privacy notices: drafts, published versions, and who was shown which. */
import * as z from "zod/mini";
import { languageTag, maxViewBytes } from "../crypto/wire/notice.ts";
import { documentation } from "./documentation.ts";
import { bytes, deviceId, milliseconds, openEnum, userId, uuid, wholeNumber } from "./values.ts";

const version = z.int().check(z.minimum(1));
const line = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u;

export const newNotice = z
  .strictObject({
    controller: z
      .string()
      .check(z.minLength(1), z.maxLength(500), z.regex(line))
      .register(documentation, {
        description: "Who decides about the data: name and contact, in one line",
      }),
    texts: z
      .array(
        z.strictObject({
          language: z.string().check(z.maxLength(35), z.regex(languageTag)),
          text: z.string().check(z.minLength(1), z.maxLength(65_536)),
        }),
      )
      .check(z.minLength(1), z.maxLength(32))
      .register(documentation, { description: "Markdown by language (RFC 5646)" }),
    reason: z
      .string()
      .check(z.minLength(1), z.maxLength(300), z.regex(line))
      .register(documentation, { description: "Why, for the person who approves: one line" }),
    beginsAtMs: z.optional(z.nullable(z.int().check(z.minimum(0)))).register(documentation, {
      description: "When it is to take effect; at the moment of the approval otherwise",
    }),
  })
  .register(documentation, { id: "NewNotice" });

export const draftedNotice = z
  .object({
    version,
    approval: uuid.check().register(documentation, {
      type: "string",
      format: "uuid",
      description: "The request that another person approves",
    }),
    hash: bytes(32),
    expiresAtMs: milliseconds,
  })
  .register(documentation, { id: "DraftedNotice" });

const noticeVersion = z.object({
  version,
  controller: z.string(),
  hash: bytes(32),
  languages: z.array(z.string()),
  approval: uuid,
  state: openEnum(["draft", "expired", "closed", "approved", "in_force", "superseded"]),
  reason: z.string(),
  requester: z.string(),
  approver: z.nullable(z.string()),
  requestedAtMs: milliseconds,
  expiresAtMs: milliseconds,
  beginsAtMs: z.nullable(milliseconds),
  effectiveFromMs: z.nullable(milliseconds),
});

export const noticeVersions = z
  .object({ notices: z.array(noticeVersion) })
  .register(documentation, { id: "NoticeVersions" });

export const publishedNotice = z
  .object({
    version,
    controller: z.string(),
    // Null for a draft, which only those read who oversee notices.
    effectiveFromMs: z.nullable(milliseconds),
    texts: z.array(z.object({ language: z.string(), text: z.string(), digest: bytes(32) })),
  })
  .register(documentation, { id: "PublishedNotice" });

const ofVersion = wholeNumber("The version of the notice", { minimum: 1, maximum: 2 ** 31 - 1 });
export const noticeParams = z.strictObject({ version: ofVersion });

const record = bytes(maxViewBytes, "at most");
export const newNoticeView = z
  .strictObject({ record, signature: bytes(64) })
  .register(documentation, { id: "NewNoticeView" });

/** The device and the language of the last statement of the page before. */
export const viewsQuery = z.strictObject({
  after: z.optional(deviceId),
  language: z.optional(z.string().check(z.maxLength(35), z.regex(languageTag))),
});

export const noticeViews = z
  .object({
    views: z.array(
      z.object({
        user: userId,
        device: deviceId,
        language: z.string(),
        receivedAtMs: milliseconds,
        record,
        signature: bytes(64),
      }),
    ),
  })
  .register(documentation, { id: "NoticeViews" });
