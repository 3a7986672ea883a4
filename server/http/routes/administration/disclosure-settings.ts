import {
  accountingChange,
  onceHeaders,
  purposeOfUseChange,
  tenantParams,
} from "../../../../contract/administration.ts";
import { setAccounting } from "../../../../identity/accounts/set-accounting.ts";
import { setPurposeOfUse } from "../../../../identity/accounts/set-purpose-of-use.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface SettingsDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** PUT /v1/admin/{tenant}/settings/purpose-of-use */
export const purposeOfUseRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/purpose-of-use",
      summary: "Set for which reads staff state a purpose of use, and which codes count",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.set_purpose_of_use"],
      params: tenantParams,
      headers: onceHeaders,
      body: purposeOfUseChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The setting counts from now on" } },
      problems: changeProblems,
    },
    (call) => {
      const { slug, tenant } = call.who;
      const act = {
        action: "change_settings",
        audit: "tenant.set_purpose_of_use",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        await setPurposeOfUse(ownerUrl, { ...call.body, slug, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );

/** PUT /v1/admin/{tenant}/settings/accounting */
export const accountingRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/accounting",
      summary: "Set whether the accounting of disclosures lists treatment, payment and operations",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.set_accounting"],
      params: tenantParams,
      headers: onceHeaders,
      body: accountingChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The setting counts from now on" } },
      problems: changeProblems,
    },
    (call) => {
      const { slug, tenant } = call.who;
      const act = {
        action: "change_settings",
        audit: "tenant.set_accounting",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        await setAccounting(ownerUrl, { ...call.body, slug, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
