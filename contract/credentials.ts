import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { password, slug } from "./sessions.ts";
import { bytes, milliseconds } from "./values.ts";

export const passwordChange = z
  .strictObject({ present: password, replacement: password })
  .register(documentation, { id: "PasswordChange" });

/** A link with which another person chooses a new password. */
export const passwordReset = z
  .object({
    link: z.string().register(documentation, {
      description: "Give it to the person over a way that you trust. It is shown this once",
    }),
    expiresAtMs: milliseconds,
  })
  .register(documentation, { id: "PasswordReset" });

export const passwordRedemption = z
  .strictObject({ tenant: slug, token: bytes(32), password })
  .register(documentation, {
    id: "PasswordRedemption",
    description: "The link ends in `#tenant.token`",
  });
