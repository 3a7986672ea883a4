import {
  anonymousCustomersChange,
  endedSessions,
  idleLogOffChange,
  onceHeaders,
  secondFactorChange,
  tenantParams,
} from "../../../../contract/administration.ts";
import type { AuditAction } from "../../../../audit/actions.ts";
import { allowAnonymousCustomers } from "../../../../identity/accounts/allow-anonymous-customers.ts";
import { requireSecondFactor } from "../../../../identity/accounts/require-second-factor.ts";
import { setIdleLogOff } from "../../../../identity/accounts/set-idle-log-off.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type { ApiKeyHolder } from "../../../../identity/administration/authenticate-api-key.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface SettingsDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** The routes of the settings that say how people sign in, and when they are logged off. */
export const signInSettingsRoutes = (deps: SettingsDeps): readonly Route[] => [
  anonymousCustomersRoute(deps),
  secondFactorRoute(deps),
  idleLogOffRoute(deps),
];

const actOn = <A extends AuditAction>({ tenant }: ApiKeyHolder, audit: A) => ({
  action: "change_sign_in" as const,
  audit,
  resource: { type: "tenant" as const, id: tenant },
});

/** PUT /v1/admin/{tenant}/settings/anonymous-customers */
const anonymousCustomersRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/anonymous-customers",
      summary: "Allow or forbid that customers sign in without a customer token",
      tag: "Administration",
      access: "api-key",
      audits: [["tenant.allow_anonymous_customers", "tenant.forbid_anonymous_customers"]],
      params: tenantParams,
      headers: onceHeaders,
      body: anonymousCustomersChange,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The setting counts from now on", schema: endedSessions } },
      problems: changeProblems,
    },
    (call) => {
      const { allowed } = call.body;
      const audit = allowed
        ? "tenant.allow_anonymous_customers"
        : "tenant.forbid_anonymous_customers";
      return administer(deps, call, actOn(call.who, audit), async (by) => {
        const change = { slug: call.who.slug, allowed, nowMs: deps.now(), by };
        const sessionsEnded = await allowAnonymousCustomers(ownerUrl, change);
        return { status: 200, body: { sessionsEnded } };
      });
    },
  );

/** PUT /v1/admin/{tenant}/settings/second-factor */
const secondFactorRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/second-factor",
      summary: "Require a second factor of the local accounts of a role, or no longer require it",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.set_second_factor"],
      params: tenantParams,
      headers: onceHeaders,
      body: secondFactorChange,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The setting counts from now on", schema: endedSessions } },
      problems: changeProblems,
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.set_second_factor"), async (by) => {
        const change = { ...call.body, slug: call.who.slug, nowMs: deps.now(), by };
        const sessionsEnded = await requireSecondFactor(ownerUrl, change);
        return { status: 200, body: { sessionsEnded } };
      }),
  );

/** PUT /v1/admin/{tenant}/settings/idle-log-off */
const idleLogOffRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/idle-log-off",
      summary: "Log staff off after minutes in which no person does anything, or never",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.set_idle_log_off"],
      params: tenantParams,
      headers: onceHeaders,
      body: idleLogOffChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The setting counts from now on" } },
      problems: changeProblems,
    },
    (call) =>
      administer(deps, call, actOn(call.who, "tenant.set_idle_log_off"), async (by) => {
        const change = { ...call.body, slug: call.who.slug, nowMs: deps.now(), by };
        await setIdleLogOff(ownerUrl, change);
        return { status: 204 };
      }),
  );
