import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { password } from "./sessions.ts";

export const newTotp = z.strictObject({ password }).register(documentation, { id: "NewTotp" });

/** What the authenticator app reads. */
export const totpEnrolment = z
  .object({
    uri: z.string().register(documentation, { description: "Show it as a QR code" }),
    secret: z.string().register(documentation, { description: "The secret in it, Base32" }),
  })
  .register(documentation, { id: "TotpEnrolment" });

export const totpConfirmation = z
  .strictObject({ code: z.string().check(z.regex(/^\d{6}$/)) })
  .register(documentation, { id: "TotpConfirmation" });

export const recoveryCodes = z
  .object({ recoveryCodes: z.array(z.string()) })
  .register(documentation, { id: "RecoveryCodes", description: "They are shown this once" });
