import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { role } from "./sessions.ts";
import { count, milliseconds, userId, uuid, wholeNumber } from "./values.ts";

const entryIndex = wholeNumber("An entry's index in the log");
const time = wholeNumber("Milliseconds since the Unix epoch");
const name = (description: string) =>
  z
    .optional(z.string().check(z.minLength(1), z.maxLength(200)))
    .register(documentation, { description });

export const auditQuery = z.strictObject({
  action: name('Such as session.create, or "session." for all'),
  actor: name("Who acted"),
  subject: z.optional(userId),
  resource: name("The id of what was acted on"),
  outcome: z.optional(z.enum(["success", "refused", "failed", "impaired"])),
  from: z.optional(time),
  until: z.optional(time),
  after: z.optional(entryIndex),
  limit: z
    .pipe(
      z._default(z.string().check(z.regex(/^[1-9]\d{0,2}$/)), "100"),
      z.transform((limit: string) => Math.min(Number(limit), 500)),
    )
    .register(documentation, { type: "string", description: "At most 500" }),
});

/** The number of accounts whose names one request may ask for. */
const MOST_NAMES = 100;

const userIds = z
  .codec(z.string().check(z.maxLength(37 * MOST_NAMES)), z.array(userId), {
    decode: (text) => text.split(","),
    encode: (ids) => ids.join(","),
  })
  .check(z.maxLength(MOST_NAMES))
  .register(documentation, {
    type: "string",
    description: `Ids of accounts, separated by commas. At most ${MOST_NAMES}`,
  });

export const namesQuery = z.strictObject({ ids: userIds });

export const accountNames = z
  .object({
    accounts: z.array(
      z.object({
        id: userId,
        role,
        username: z.nullable(z.string()),
        displayName: z.nullable(z.string()),
      }),
    ),
  })
  .register(documentation, { id: "AccountNames" });

export const accountsQuery = z.strictObject({ at: time });

export const accountsThen = z
  .object({
    accounts: z.array(
      z.object({
        id: userId,
        role,
        teams: z.array(z.string()),
        createdAtMs: z.nullable(milliseconds),
        roleSinceMs: milliseconds,
        index: count,
      }),
    ),
    prunedBelow: count,
  })
  .register(documentation, { id: "AccountsThen" });

export const disclosuresQuery = z.strictObject({
  subject: userId,
  from: z.optional(time),
  until: z.optional(time),
});

export const disclosures = z
  .object({
    subject: userId,
    fromMs: milliseconds,
    untilMs: milliseconds,
    disclosures: z.array(
      z.object({
        action: z.string().register(documentation, { description: "The act in the audit log" }),
        recipient: z
          .string()
          .register(documentation, { description: "The id of an account, or operator" }),
        shown: z.string().register(documentation, { description: "What was shown" }),
        conversation: z.nullable(uuid),
        purpose: z.nullable(z.string()),
        firstAtMs: milliseconds,
        lastAtMs: milliseconds,
        count,
        index: count,
      }),
    ),
    leftOut: z.int().check(z.minimum(0)).register(documentation, {
      description: "How many acts for treatment, payment and health care operations are not listed",
    }),
    includesOperations: z.boolean(),
    unreadable: z.int().check(z.minimum(0)).register(documentation, {
      description: "How many entries of the log nobody can read",
    }),
    prunedBelow: count,
  })
  .register(documentation, { id: "Disclosures" });

export const tailQuery = z.strictObject({ after: z.optional(entryIndex) });
export const tailHeaders = z.object({ "last-event-id": z.optional(entryIndex) });

export const logFileParams = z.object({
  path: z.string().check(z.maxLength(100)).register(documentation, {
    description:
      "`checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]` or `restore/<N>`",
  }),
});

export const monitorParams = z.object({
  tenant: z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
    .register(documentation, {
      description: "The tenant's short name",
    }),
  path: logFileParams.shape.path,
});
export const monitorHeaders = z.object({
  authorization: z.optional(z.string()),
});

export const auditPage = z
  .object({
    entries: z.array(
      z.object({
        index: count,
        entry: z
          .optional(z.record(z.string(), z.unknown()))
          .register(documentation, { description: "As it was logged" }),
        text: z
          .optional(z.string())
          .register(documentation, { description: "Bytes that are not one of our entries" }),
        base64: z
          .optional(z.string())
          .register(documentation, { description: "Bytes that are not text" }),
      }),
    ),
    after: z.nullable(z.int()).register(documentation, {
      description: "For the next page; null: the log ends here. A page may be empty",
    }),
  })
  .register(documentation, { id: "AuditPage" });
