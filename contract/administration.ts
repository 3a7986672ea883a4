import * as z from "zod/mini";
import { roles, staffRoles } from "../policies/actor.ts";
import { IDLE_MINUTES } from "../policies/idle-log-off.ts";
import { REVISION_MINUTES } from "../policies/message-revisions.ts";
import { MOST_PURPOSES, purposePattern, purposeReads } from "../policies/purpose-of-use.ts";
import { resetReasons } from "../policies/reset-reasons.ts";
import { documentation } from "./documentation.ts";
import { openEnum, passkeyId, userId } from "./values.ts";

const tenant = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
  .register(documentation, { description: "The tenant's short name" });
const kid = z.string().check(z.minLength(1), z.maxLength(128));
const role = z.enum(staffRoles);

export const tenantParams = z.strictObject({ tenant });
export const tenantUserParams = z.strictObject({ tenant, user: userId });
export const tenantUserPasskeyParams = z.strictObject({
  tenant,
  user: userId,
  passkey: passkeyId,
});
export const tenantKeyParams = z.strictObject({ tenant, kid });

/** The header makes the server carry out a request once, however often it is sent within 24 hours. */
export const onceHeaders = z.object({
  "idempotency-key": z.optional(z.string().check(z.regex(/^[!-~]{1,255}$/))),
});

export const administeredStaffQuery = z.strictObject({ after: z.optional(userId) });

export const administeredStaffPage = z
  .object({
    staff: z.array(
      z.object({
        id: userId,
        role: openEnum(roles),
        username: z.nullable(z.string()),
        displayName: z.nullable(z.string()),
        isDisabled: z.boolean(),
      }),
    ),
    next: z.nullable(userId).register(documentation, {
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "AdministeredStaff" });

export const newStaff = z
  .strictObject({
    username: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/))
      .register(documentation, { description: "Name that the user signs in with" }),
    displayName: z.optional(
      z.string().check(
        z.minLength(1),
        z.maxLength(128),
        z.refine((name) => !name.includes("\u0000")),
      ),
    ),
    role,
    password: z.string().check(z.minLength(15), z.maxLength(256)),
  })
  .register(documentation, { id: "NewStaff" });

export const createdStaff = z.object({ id: userId });
export const roleChange = z.strictObject({ role });
export const accountWasDisabled = z.object({ devicesRemoved: z.number() });
export const staffReset = z.strictObject({ reason: z.enum(resetReasons) });

const customerKeyName = z.object({ kid: z.string(), alg: z.string(), thumbprint: z.string() });

export const tenantSettings = z
  .object({
    customerKeys: z.array(customerKeyName),
    customerJwksUrl: z.nullable(z.string()),
    revokedCustomerKids: z.array(z.string()),
    origins: z.array(z.string()),
    allowsStaffGrants: z.boolean(),
    allowsAnonymousCustomers: z.boolean(),
    secondFactorRoles: z.array(openEnum(roles)),
    idleLogOffMinutes: z.nullable(z.number()).register(documentation, {
      description: "Minutes without an act of a person; null for never",
    }),
    purposeReads: z.array(z.string()),
    purposeCodes: z.array(z.string()),
    accountsOperations: z.boolean(),
    revisionMinutes: z.nullable(z.number()).register(documentation, {
      description: "Minutes after a message in which its author may revise it; null for never",
    }),
  })
  .register(documentation, { id: "TenantSettings" });

/** Each key is checked by `parseCustomerKeys`. */
export const customerKeySet = z
  .strictObject({
    keys: z.array(z.record(z.string(), z.unknown())).check(z.maxLength(16)),
  })
  .register(documentation, { id: "CustomerKeySet" });
export const customerKeyNames = z.object({ customerKeys: z.array(customerKeyName) });
export const revokedKeys = z.object({ revokedCustomerKids: z.array(z.string()) });
export const jwksUrlChange = z.strictObject({
  url: z.nullable(z.string().check(z.minLength(1), z.maxLength(2048))),
});

const origin = z.string().check(z.minLength(1), z.maxLength(300));
export const newOrigin = z.strictObject({ origin });
export const originQuery = z.strictObject({ origin });
export const origins = z.object({ origins: z.array(z.string()) });

export const staffGrantsChange = z.strictObject({ allowed: z.boolean() });

export const anonymousCustomersChange = z.strictObject({ allowed: z.boolean() });
export const secondFactorChange = z.strictObject({ role, isRequired: z.boolean() });
/** How many sessions a setting ended. */
export const endedSessions = z.object({ sessionsEnded: z.number() });
export const idleLogOffChange = z.strictObject({
  minutes: z
    .nullable(z.int().check(z.gte(IDLE_MINUTES.least), z.lte(IDLE_MINUTES.most)))
    .register(documentation, { description: "null for never" }),
});

const distinct = z.refine<readonly string[]>(
  (list) => new Set(list).size === list.length,
  "The list names one twice.",
);
export const purposeOfUseChange = z.strictObject({
  reads: z.array(z.enum(Object.keys(purposeReads) as [keyof typeof purposeReads])).check(distinct),
  codes: z
    .array(z.string().check(z.regex(purposePattern)))
    .check(z.maxLength(MOST_PURPOSES), distinct),
});
export const messageRevisionsChange = z.strictObject({
  minutes: z
    .nullable(z.int().check(z.gte(REVISION_MINUTES.least), z.lte(REVISION_MINUTES.most)))
    .register(documentation, { description: "null for never" }),
});
export const accountingChange = z.strictObject({ operations: z.boolean() });
