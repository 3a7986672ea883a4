import {
  newTotp,
  recoveryCodes,
  totpConfirmation,
  totpEnrolment,
} from "../../../contract/second-factor.ts";
import { factorCode, type FactorCode } from "../../../contract/sessions.ts";
import { userParams } from "../../../contract/values.ts";
import { confirmTotp, enrolTotp } from "../../../identity/second-factor/enrol-totp.ts";
import type { FactorProof } from "../../../identity/second-factor/prove-factor.ts";
import { removeOwnTotp, resetTotp } from "../../../identity/second-factor/remove-totp.ts";
import { stepUp, type FactorDeps } from "../../../identity/second-factor/step-up.ts";
import { Secret } from "../../../keys/secret.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

type EnrolDeps = Parameters<typeof enrolTotp>[0];

/** Returns the proof as the use cases take it. */
export function proofOf(code: FactorCode): FactorProof {
  if ("passkey" in code) return { kind: "passkey", answer: code.passkey };
  return "totp" in code
    ? { kind: "totp", code: new Secret(code.totp) }
    : { kind: "recovery_code", code: new Secret(code.recoveryCode) };
}

/** POST /v1/account/totp */
export function enrolTotpRoute(deps: EnrolDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/account/totp",
      summary: "Begin to enrol an authenticator app (RFC 6238); it counts once it is confirmed",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: ["user.enrol_factor"],
      body: newTotp,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "Confirm it within ten minutes", schema: totpEnrolment } },
      problems: [
        "wrong_password",
        "second_factor_exists",
        "step_up_required",
        "device_required",
        "forbidden",
      ],
    },
    async ({ who, body }) => ({
      status: 201,
      body: await enrolTotp(deps, who.actor, new Secret(body.password)),
    }),
  );
}

/** POST /v1/account/totp/confirmation */
export function confirmTotpRoute(deps: EnrolDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/account/totp/confirmation",
      summary: "Confirm the authenticator app with a code, which ends the account's other sessions",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: ["user.confirm_factor"],
      body: totpConfirmation,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The account has a second factor", schema: recoveryCodes } },
      problems: ["second_factor_failed", "step_up_required", "device_required", "forbidden"],
    },
    async ({ who, body }) => ({
      status: 200,
      body: { recoveryCodes: await confirmTotp(deps, who.actor, new Secret(body.code)) },
    }),
  );
}

/** DELETE /v1/account/totp */
export function removeTotpRoute(deps: Parameters<typeof removeOwnTotp>[0]): Route {
  return route(
    {
      method: "delete",
      path: "/v1/account/totp",
      summary: "Remove one's own authenticator app and recovery codes",
      tag: "Sessions",
      access: "session",
      audits: ["user.remove_factor"],
      answers: { 204: { description: "The account has no second factor" } },
      problems: ["second_factor_missing", "step_up_required", "device_required", "forbidden"],
    },
    async ({ who }) => {
      await removeOwnTotp(deps, who.actor);
      return { status: 204 };
    },
  );
}

/** DELETE /v1/users/{user}/totp */
export function resetTotpRoute(deps: Parameters<typeof resetTotp>[0]): Route {
  return route(
    {
      method: "delete",
      path: "/v1/users/{user}/totp",
      summary: "Remove the second factor of another account, which ends its sessions",
      tag: "Sessions",
      access: "session",
      audits: ["user.reset_factor"],
      params: userParams,
      answers: { 204: { description: "The account has no second factor" } },
      problems: [
        "user_not_found",
        "second_factor_missing",
        "step_up_required",
        "approval_required",
        "device_required",
        "forbidden",
      ],
    },
    async ({ who, params }) => {
      await resetTotp(deps, who.actor, params.user);
      return { status: 204 };
    },
  );
}

/** POST /v1/sessions/current/step-up */
export function stepUpRoute(deps: FactorDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions/current/step-up",
      summary: "Prove the second factor again; it then counts as fresh for ten minutes",
      tag: "Sessions",
      access: "session",
      audits: ["session.step_up"],
      body: factorCode,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The second factor was proved in this session" } },
      problems: ["second_factor_failed", "second_factor_locked"],
    },
    async ({ who, body, request: { origin } }) => {
      const { actor, thumbprint } = who;
      await stepUp(deps, actor, proofOf(body), { thumbprint, origin });
      return { status: 204 };
    },
  );
}
