import { z } from "zod";
import { roles } from "../../../policies/actor.ts";
import { milliseconds, nullableBytes, uuid } from "../json-bytes.ts";

export const role = z.enum(roles);
export const staffRole = z.enum(["agent", "supervisor", "admin", "bot"]);

const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ description: "The tenant's slug" });

export const signInBody = z
  .discriminatedUnion("grant", [
    z.strictObject({
      grant: z.literal("password"),
      tenant: slug,
      // PostgreSQL does not accept text with a NUL character.
      username: z
        .string()
        .min(1)
        .max(128)
        .refine((name) => !name.includes("\u0000")),
      password: z.string().min(1).max(256),
    }),
    z.strictObject({
      grant: z.literal("customer_token"),
      tenant: slug,
      token: z.string().min(1).max(8192),
    }),
  ])
  .meta({ id: "SignIn" });

export const accessToken = z
  .strictObject({ accessToken: z.string(), expiresAtMs: milliseconds })
  .meta({ id: "AccessToken" });

export const openedSession = z
  .strictObject({
    accessToken: z.string(),
    expiresAtMs: milliseconds,
    session: uuid,
    tenant: z.strictObject({ id: uuid, slug: z.string() }),
    user: z.strictObject({ id: uuid, role, displayName: z.string().nullable() }),
    accountKey: nullableBytes(32),
  })
  .meta({ id: "OpenedSession" });
