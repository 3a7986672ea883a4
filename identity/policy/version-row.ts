import { createHash } from "node:crypto";
import { z } from "zod";
import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import { roles } from "../../policies/roles.ts";
import type { Policy } from "../../policies/policy.ts";
import { compilePolicy } from "../../policies/versions/compile-policy.ts";
import type { PolicyChanges } from "../../policies/versions/policy-changes.ts";
import { IdentityError } from "../identity-error.ts";

const id = z
  .string()
  .regex(/^[a-z_]+(\.[a-z_]+)+$/)
  .max(100);
const word = z
  .string()
  .regex(/^[a-z_]+$/)
  .max(40);
const operand = z.union([z.string().max(100), z.boolean(), z.int()]);

const addedRule = z.strictObject({
  id: id.startsWith("local."),
  narrows: id.optional(),
  resource: word.optional(),
  actions: z.array(word).min(1).max(20),
  roles: z.array(z.enum(roles)).min(1).max(roles.length),
  device: z.literal("registered").optional(),
  conditions: z.record(
    z.string().regex(/^[a-zA-Z]+(\.[a-zA-Z]+)?$/),
    z.union([
      z.string().max(100),
      z.boolean(),
      z.int(),
      z.record(z.string().regex(/^\$[a-z]+$/), z.union([operand, z.array(operand).max(100)])),
    ]),
  ),
  fields: z
    .array(z.string().regex(/^[a-zA-Z]{1,40}$/))
    .max(20)
    .optional(),
  // One line, which can be shown in a table.
  means: z.string().regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}|]{1,300}$/u),
});

const changesSchema = z.strictObject({
  off: z.array(id).max(200),
  add: z.array(addedRule).max(100),
  secondPerson: z
    .array(z.strictObject({ resource: word, action: word }))
    .max(20)
    .optional(),
});

/**
 * Parses what a version changes, from a request, a file or the database.
 * @throws IdentityError invalid_policy
 */
export function parseChanges(value: unknown): PolicyChanges {
  // `__proto__` is not among an object's keys for a schema.
  const parsed = hasPrototypeKey(value) ? undefined : changesSchema.safeParse(value);
  if (parsed?.success === true) return parsed.data;
  const at = parsed?.error.issues[0]?.path.map(String).join(".") ?? "__proto__";
  throw new IdentityError(
    "invalid_policy",
    `The changes do not have the documented form${at === "" ? "" : `, at ${at}`}.`,
  );
}

const hasPrototypeKey = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Object.hasOwn(value, "__proto__") || Object.values(value).some(hasPrototypeKey));

/** SHA-256 of the changes as canonical JSON (RFC 8785). */
export const hashOfChanges = (changes: PolicyChanges): Uint8Array =>
  createHash("sha256")
    .update(utf8(canonicalJson(changes as unknown as CanonicalValue)))
    .digest();

/**
 * Compiles a version that somebody proposes.
 * @throws IdentityError invalid_policy, with each fault in a sentence
 */
export function compileChanges(version: number, changes: PolicyChanges): Policy {
  const { policy, faults } = compilePolicy(version, changes);
  if (policy === undefined)
    throw new IdentityError("invalid_policy", faults.slice(0, MOST_FAULTS).join(" "));
  return policy;
}

const MOST_FAULTS = 10;

/** A version as the database has it. */
export interface StoredVersion {
  readonly version: number;
  readonly changes: unknown;
  readonly hash: Uint8Array;
}

/**
 * Compiles a version that is stored.
 * @throws IdentityError policy_unreadable, if the row was altered or these rules do not exist any more
 */
export function openVersion({ version, changes, hash }: StoredVersion): {
  readonly changes: PolicyChanges;
  readonly policy: Policy;
} {
  try {
    const parsed = parseChanges(changes);
    if (!equalBytes(hashOfChanges(parsed), hash)) throw unreadable(version);
    return { changes: parsed, policy: compileChanges(version, parsed) };
  } catch (cause) {
    if (cause instanceof IdentityError && cause.code !== "policy_unreadable")
      throw unreadable(version, cause);
    throw cause;
  }
}

const unreadable = (version: number, cause?: unknown): IdentityError =>
  new IdentityError(
    "policy_unreadable",
    `Version ${version} of the policy was altered in the database, or this release has other rules.`,
    { cause },
  );
