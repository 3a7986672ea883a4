import type * as z from "zod/mini";
import { passwordChange, passwordReset } from "../../contract/credentials.ts";
import {
  newTotp,
  recoveryCodes,
  totpConfirmation,
  totpEnrolment,
} from "../../contract/second-factor.ts";
import { factorCode, type FactorCode } from "../../contract/sessions.ts";
import {
  addedPasskey,
  newPasskey,
  passkeyName,
  passkeyOptions,
  passkeyRequest,
  passkeys,
} from "../../contract/passkeys.ts";
import type { PasskeyId, UserId } from "../../crypto/wire/ids.ts";
import { nothing, writeBody } from "./messages.ts";
import type { Request } from "./transport.ts";

/** Creates the calls about what local accounts sign in with. */
export const credentialsApi = (request: Request) => ({
  changePassword: async (passwords: {
    readonly present: string;
    readonly replacement: string;
  }): Promise<undefined> =>
    request({
      method: "POST",
      path: "v1/account/password",
      body: writeBody(passwordChange, passwords),
      answer: nothing,
    }),

  enrolTotp: async (password: string) =>
    request({
      method: "POST",
      path: "v1/account/totp",
      body: writeBody(newTotp, { password }),
      answer: totpEnrolment,
    }),

  async confirmTotp(code: string): Promise<readonly string[]> {
    const path = "v1/account/totp/confirmation";
    const body = writeBody(totpConfirmation, { code });
    return (await request({ method: "POST", path, body, answer: recoveryCodes })).recoveryCodes;
  },

  removeTotp: (): Promise<undefined> =>
    request({ method: "DELETE", path: "v1/account/totp", answer: nothing }),

  /** Removes the second factor of another account. For admins. */
  resetTotp: (user: UserId): Promise<undefined> =>
    request({ method: "DELETE", path: `v1/users/${user}/totp`, answer: nothing }),

  stepUp: async (code: FactorCode): Promise<undefined> =>
    request({
      method: "POST",
      path: "v1/sessions/current/step-up",
      body: writeBody(factorCode, code),
      answer: nothing,
    }),

  passkeyOptions: async (password: string | undefined) =>
    request({
      method: "POST",
      path: "v1/account/passkeys/options",
      body: writeBody(passkeyRequest, { ...(password !== undefined && { password }) }),
      answer: passkeyOptions,
    }),

  async addPasskey(passkey: z.output<typeof newPasskey>): Promise<PasskeyId> {
    const body = writeBody(newPasskey, passkey);
    const path = "v1/account/passkeys";
    return (await request({ method: "POST", path, body, answer: addedPasskey })).id;
  },

  passkeys: async () =>
    (await request({ method: "GET", path: "v1/account/passkeys", answer: passkeys })).passkeys,

  renamePasskey: async (id: PasskeyId, name: string): Promise<undefined> =>
    request({
      method: "PUT",
      path: `v1/account/passkeys/${id}`,
      body: writeBody(passkeyName, { name }),
      answer: nothing,
    }),

  removePasskey: (id: PasskeyId): Promise<undefined> =>
    request({ method: "DELETE", path: `v1/account/passkeys/${id}`, answer: nothing }),

  /** Says that a person did something in this session. */
  reportActivity: (): Promise<undefined> =>
    request({ method: "POST", path: "v1/sessions/current/activity", answer: nothing }),

  /** Makes a link with which another person chooses a new password. For admins. */
  createPasswordReset: (user: UserId) =>
    request({ method: "POST", path: `v1/users/${user}/password-reset`, answer: passwordReset }),
});
