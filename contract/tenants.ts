import * as z from "zod/mini";
import { purposes } from "../crypto/wire/purposes.ts";
import { faultOfLimit, tenantLimitNames } from "../policies/tenant-limits.ts";
import { customerKeySet } from "./administration.ts";
import { documentation } from "./documentation.ts";
import { openEnum } from "./values.ts";

const limitName = z.enum(tenantLimitNames as [(typeof tenantLimitNames)[number]]);

export const newTenant = z
  .strictObject({
    slug: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
      .register(documentation, { description: "Short name, used at sign-in and in paths" }),
    name: z
      .string()
      .check(z.regex(/^[^\p{Cc}]{1,128}$/u))
      .register(documentation, { description: "Name that people see" }),
    customerKeys: z.optional(customerKeySet),
    origins: z.optional(
      z.array(z.string().check(z.minLength(1), z.maxLength(300))).check(z.maxLength(100)),
    ),
  })
  .register(documentation, { id: "NewTenant" });
export const createdTenant = z.object({ id: z.string() });

export const administeredTenant = z
  .object({
    id: z.string(),
    name: z.string(),
    suspendedAtMs: z.nullable(z.number()),
    requiredConsents: z.array(openEnum(purposes)),
    limits: z.record(z.string(), z.string()).register(documentation, {
      description: "The limits that do not have their first value",
    }),
  })
  .register(documentation, { id: "AdministeredTenant" });

export const limitChange = z
  .strictObject({
    limit: limitName,
    value: z.nullable(z.string().check(z.maxLength(64))).register(documentation, {
      description:
        "A number; for a rate how many at once and how many per second, such as 600,10; null for the first value",
    }),
  })
  .check(
    z.refine(
      ({ limit, value }) => value === null || faultOfLimit(limit, value) === undefined,
      "The value does not have the form of the limit.",
    ),
  );

export const requiredConsentsChange = z.strictObject({
  purposes: z.array(z.enum(purposes)).check(z.maxLength(purposes.length)),
});
