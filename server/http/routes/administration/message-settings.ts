import {
  messageRevisionsChange,
  onceHeaders,
  tenantParams,
} from "../../../../contract/administration.ts";
import { setMessageRevisions } from "../../../../identity/accounts/set-message-revisions.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface SettingsDeps extends KeyActDeps {
  readonly ownerUrl: string;
}

/** PUT /v1/admin/{tenant}/settings/message-revisions */
export const messageRevisionsRoute = ({ ownerUrl, ...deps }: SettingsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/settings/message-revisions",
      summary: "Set for how long after a message its author may edit or delete it",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.set_message_revisions"],
      params: tenantParams,
      headers: onceHeaders,
      body: messageRevisionsChange,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "Devices learn the setting when they connect next" } },
      problems: changeProblems,
    },
    (call) => {
      const { slug, tenant } = call.who;
      const act = {
        action: "change_settings",
        audit: "tenant.set_message_revisions",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        await setMessageRevisions(ownerUrl, { ...call.body, slug, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
