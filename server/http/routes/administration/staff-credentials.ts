import {
  onceHeaders,
  tenantUserParams,
  tenantUserPasskeyParams,
} from "../../../../contract/administration.ts";
import type { AuditAction } from "../../../../audit/actions.ts";
import { passwordReset } from "../../../../contract/credentials.ts";
import { passkeys } from "../../../../contract/passkeys.ts";
import type { UserId } from "../../../../crypto/wire/ids.ts";
import type { Profiles } from "../../../../identity/accounts/profiles.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import {
  listPasskeysByOperator,
  removePasskeyByOperator,
} from "../../../../identity/passkeys/remove-passkey.ts";
import {
  createPasswordResetByOperator,
  resetLink,
} from "../../../../identity/passwords/create-reset.ts";
import { resetTotpByOperator } from "../../../../identity/second-factor/remove-totp.ts";
import type { AdministrationAction } from "../../../../policies/administration.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface CredentialsDeps extends KeyActDeps {
  readonly profiles: Profiles;
  readonly publicUrl: string;
}

/** The routes about what staff sign in with. */
export const staffCredentialsRoutes = (deps: CredentialsDeps): readonly Route[] => [
  resetPasswordRoute(deps),
  resetSecondFactorRoute(deps),
  listPasskeysRoute(deps),
  removePasskeyRoute(deps),
];

const actOn = <A extends AuditAction>(action: AdministrationAction, audit: A, user: UserId) => ({
  action,
  audit,
  resource: { type: "user" as const, id: user },
  subject: user,
});

/**
 * POST /v1/admin/{tenant}/staff/{user}/password-reset. It takes no Idempotency-Key, because the link would be stored with
 * the answer. A repeat makes another link, and the first one ends.
 */
const resetPasswordRoute = (deps: CredentialsDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/staff/{user}/password-reset",
      summary: "Make a link with which a person chooses a new password, within 24 hours",
      tag: "Administration",
      access: "api-key",
      audits: ["user.create_password_reset"],
      params: tenantUserParams,
      answers: { 201: { description: "An earlier link has ended", schema: passwordReset } },
      problems: ["forbidden", "overloaded", "user_not_found", "approval_required"],
    },
    (call) => {
      const { user } = call.params;
      const act = actOn("reset_password", "user.create_password_reset", user);
      return administer(deps, call, act, async (by) => {
        const asked = { account: { user }, by };
        const reset = await createPasswordResetByOperator(deps, call.who.tenant, asked);
        const { expiresAtMs } = reset;
        return { status: 201, body: { link: resetLink(deps.publicUrl, reset), expiresAtMs } };
      });
    },
  );

/** DELETE /v1/admin/{tenant}/staff/{user}/second-factor */
const resetSecondFactorRoute = (deps: CredentialsDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/staff/{user}/second-factor",
      summary: "Remove the second factor of a person who lost it, and end the account's sessions",
      tag: "Administration",
      access: "api-key",
      audits: ["user.reset_factor"],
      params: tenantUserParams,
      headers: onceHeaders,
      answers: { 204: { description: "The account has no second factor" } },
      problems: [...changeProblems, "user_not_found", "second_factor_missing", "approval_required"],
    },
    (call) => {
      const { user } = call.params;
      return administer(
        deps,
        call,
        actOn("reset_factor", "user.reset_factor", user),
        async (by) => {
          await resetTotpByOperator(deps, call.who.tenant, { account: { user }, by });
          return { status: 204 };
        },
      );
    },
  );

/** GET /v1/admin/{tenant}/staff/{user}/passkeys */
const listPasskeysRoute = (deps: CredentialsDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/admin/{tenant}/staff/{user}/passkeys",
      summary: "List the passkeys of an account of staff",
      tag: "Administration",
      access: "api-key",
      audits: ["user.list_passkeys"],
      params: tenantUserParams,
      answers: { 200: { description: "The oldest first", schema: passkeys } },
      problems: ["forbidden", "overloaded", "user_not_found"],
    },
    (call) => {
      const { user } = call.params;
      return administer(deps, call, actOn("read_staff", "user.list_passkeys", user), async (by) => {
        const asked = { account: { user }, by };
        return {
          status: 200,
          body: { passkeys: await listPasskeysByOperator(deps, call.who.tenant, asked) },
        };
      });
    },
  );

/** DELETE /v1/admin/{tenant}/staff/{user}/passkeys/{passkey} */
const removePasskeyRoute = (deps: CredentialsDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/admin/{tenant}/staff/{user}/passkeys/{passkey}",
      summary: "Remove a passkey whose authenticator was lost, and end the account's sessions",
      tag: "Administration",
      access: "api-key",
      audits: ["user.remove_passkey"],
      params: tenantUserPasskeyParams,
      headers: onceHeaders,
      answers: { 204: { description: "The account does not have the passkey" } },
      problems: [...changeProblems, "user_not_found", "passkey_not_found", "approval_required"],
    },
    (call) => {
      const { user, passkey } = call.params;
      return administer(
        deps,
        call,
        actOn("reset_factor", "user.remove_passkey", user),
        async (by) => {
          await removePasskeyByOperator(deps, call.who.tenant, { account: { user }, passkey, by });
          return { status: 204 };
        },
      );
    },
  );
