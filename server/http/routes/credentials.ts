import {
  passwordChange,
  passwordRedemption,
  passwordReset,
} from "../../../contract/credentials.ts";
import { userParams } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { changePassword, type PasswordDeps } from "../../../identity/passwords/change-password.ts";
import { createPasswordReset, resetLink } from "../../../identity/passwords/create-reset.ts";
import { redeemPasswordReset } from "../../../identity/passwords/redeem-reset.ts";
import { Secret } from "../../../keys/secret.ts";
import { bodyLimits } from "../../limits.ts";
import { siteOf } from "../../network.ts";
import { answeredInSteps } from "../answered-in-steps.ts";
import type { Attempts } from "../attempts.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/account/password */
export function changePasswordRoute(deps: PasswordDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/account/password",
      summary: "Replace one's own password, which ends the account's other sessions",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: ["user.change_password"],
      body: passwordChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The new password is valid from now on" } },
      problems: [
        "wrong_password",
        "weak_password",
        "password_too_common",
        "device_required",
        "forbidden",
      ],
    },
    async ({ who, body }) => {
      await changePassword(deps, who.actor, {
        present: new Secret(body.present),
        replacement: new Secret(body.replacement),
      });
      return { status: 204 };
    },
  );
}

/** POST /v1/users/{user}/password-reset */
export function createPasswordResetRoute(deps: UseCase & { readonly publicUrl: string }): Route {
  return route(
    {
      method: "post",
      path: "/v1/users/{user}/password-reset",
      summary: "Make a link with which another person chooses a new password, within 24 hours",
      tag: "Sessions",
      access: "session",
      audits: ["user.create_password_reset"],
      params: userParams,
      answers: { 201: { description: "An earlier link has ended", schema: passwordReset } },
      problems: [
        "user_not_found",
        "device_required",
        "forbidden",
        "step_up_required",
        "approval_required",
      ],
    },
    async ({ who, params }) => {
      const reset = await createPasswordReset(deps, who.actor, params.user);
      const { expiresAtMs } = reset;
      return { status: 201, body: { link: resetLink(deps.publicUrl, reset), expiresAtMs } };
    },
  );
}

/**
 * POST /v1/account/password-reset. Failed attempts count against their network, which sends no device proof.
 */
export function redeemPasswordResetRoute(
  deps: Omit<Parameters<typeof redeemPasswordReset>[0], "attempt"> & {
    readonly attempts: Attempts;
  },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/account/password-reset",
      summary: "Choose a new password with a link, which ends all sessions of the account",
      tag: "Sessions",
      access: "public",
      audits: ["user.reset_password"],
      body: passwordRedemption,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The new password is valid from now on" } },
      problems: ["password_reset_refused", "weak_password", "password_too_common", "rate_limited"],
    },
    async ({ body, request, requestId }) => {
      const given = {
        tenant: body.tenant,
        token: new Secret(body.token),
        password: new Secret(body.password),
        requestId,
        site: siteOf(request.network),
      };
      const attempt = (work: () => Promise<boolean>) => deps.attempts.run(request.network, work);
      const redeeming = redeemPasswordReset({ ...deps, attempt }, given);
      await answeredInSteps("password_reset_refused", redeeming);
      return { status: 204 };
    },
  );
}
