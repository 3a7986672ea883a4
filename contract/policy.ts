import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { role } from "./sessions.ts";
import { bytes, count, milliseconds, openEnum, userId, wholeNumber } from "./values.ts";

const versionNumber = z.int().check(z.minimum(0));
const hash = bytes(32);

const word = z.string().check(z.minLength(1), z.maxLength(40), z.regex(/^[a-z_]+$/));

export const explanationQuery = z.strictObject({
  user: userId,
  action: word.register(documentation, { description: "Such as close" }),
  resource: z
    .string()
    .check(z.minLength(1), z.maxLength(100), z.regex(/^[a-z_]+(:[0-9a-f-]+)?$/))
    .register(documentation, {
      description: "Such as audit_log, conversation:<id> or directory:<id of an account>",
    }),
  subject: z.optional(userId).register(documentation, {
    description: "The account to add or remove",
  }),
  at: z.optional(wholeNumber("By the version in force at this time, in milliseconds")),
});

export const explanation = z
  .object({
    user: userId,
    role,
    allowed: z.boolean(),
    reasons: z.array(z.string()),
    version: versionNumber,
    rule: z.nullable(z.string()).register(documentation, {
      description: "The rule that allows it; null if none does",
    }),
    approvers: z.int().check(z.minimum(0)).register(documentation, {
      description: "The number of other people who must approve it",
    }),
    rules: z
      .array(
        z.object({
          rule: z.string(),
          role: z.boolean(),
          device: z.boolean(),
          conditions: z.array(
            z.object({
              fact: z.string(),
              wanted: z.unknown(),
              holds: z.nullable(z.boolean()).register(documentation, {
                description: "Null if the fact comes with the request",
              }),
            }),
          ),
        }),
      )
      .register(documentation, { description: "Every rule about the action" }),
  })
  .register(documentation, { id: "AccessExplanation" });

const changes = z
  .strictObject({
    off: z.array(z.string().check(z.minLength(1), z.maxLength(100))),
    add: z.array(z.record(z.string(), z.unknown())),
    secondPerson: z.optional(z.array(z.strictObject({ resource: word, action: word }))),
  })
  .register(documentation, {
    id: "PolicyChanges",
    description:
      "The default rules that are switched off, and the rules that are added, and the acts that a second person must approve: docs/access.md says what a rule may have",
  });

const reason = z
  .string()
  .check(z.minLength(1), z.maxLength(300), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
  .register(documentation, { description: "Why, for the person who approves: one line" });

const proposal = { reason, beginsAtMs: z.optional(milliseconds) };

export const newPolicyVersion = z
  .union([
    z.strictObject({ changes, ...proposal }),
    z.strictObject({ restores: versionNumber, ...proposal }),
  ])
  .register(documentation, {
    id: "NewPolicyVersion",
    description: "Either changes, or the version whose changes it restores; 0 is the default rules",
  });

export const draftedVersion = z
  .object({ version: versionNumber, hash, expiresAtMs: milliseconds })
  .register(documentation, { id: "PolicyDraft" });

export const versionParams = z.strictObject({
  version: wholeNumber("The number of a version", { minimum: 1, maximum: 2_147_483_647 }),
});

export const versionApproval = z
  .strictObject({ hash })
  .register(documentation, { id: "PolicyApproval" });

export const approvedVersion = z
  .object({ effectiveFromMs: milliseconds })
  .register(documentation, { id: "ApprovedPolicy" });

const states = ["draft", "expired", "approved", "in_force", "superseded", "withdrawn"] as const;

const summary = {
  version: versionNumber,
  hash,
  state: openEnum(states),
  reason: z.string(),
  requester: z.string().register(documentation, {
    description: "The id of an account, or operator: and the name of a person",
  }),
  requestedAtMs: milliseconds,
  expiresAtMs: milliseconds,
  approver: z.nullable(z.string()),
  beginsAtMs: z.nullable(milliseconds),
  effectiveFromMs: z.nullable(milliseconds),
};

export const policyVersions = z
  .object({ versions: z.array(z.object(summary)) })
  .register(documentation, { id: "PolicyVersions" });

export const policyVersion = z
  .object({
    ...summary,
    changes: z.object({
      off: z.array(z.string()),
      add: z.array(z.unknown()),
      secondPerson: z.optional(z.array(z.object({ resource: z.string(), action: z.string() }))),
    }),
  })
  .register(documentation, { id: "PolicyVersion" });

export const policyPreview = z
  .object({
    version: versionNumber,
    hash,
    before: versionNumber.register(documentation, {
      description: "The version in force, with which it was compared",
    }),
    gain: count,
    lose: count,
    rights: z.array(
      z.object({
        role,
        resource: z.string(),
        action: z.string(),
        effect: openEnum(["gained", "widened", "changed", "narrowed", "lost"]),
        accounts: count,
      }),
    ),
    staff: z
      .array(z.object({ id: userId, role, username: z.nullable(z.string()) }))
      .register(documentation, {
        description: "Staff whom it concerns. Names are null if you may not read them",
      }),
  })
  .register(documentation, { id: "PolicyPreview" });
