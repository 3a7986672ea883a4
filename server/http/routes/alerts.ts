import { alerts, alertsQuery } from "../../../contract/alerts.ts";
import { idParams } from "../../../contract/values.ts";
import { acknowledgeAlert } from "../../../identity/alerts/acknowledge-alert.ts";
import { listAlerts } from "../../../identity/alerts/list-alerts.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/alerts */
export const listAlertsRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/alerts",
      summary: "List the acts that officers are alerted to",
      tag: "Alerts",
      access: "session",
      audits: ["alert.list"],
      query: alertsQuery,
      answers: { 200: { description: "At most 100, the newest first", schema: alerts } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { before, all } }) => ({
      status: 200,
      body: {
        alerts: await listAlerts(deps, { actor }, { before, includeAcknowledged: all === "true" }),
      },
    }),
  );

/** POST /v1/alerts/{id}/acknowledgement */
export const acknowledgeAlertRoute = (deps: UseCase): Route =>
  route(
    {
      method: "post",
      path: "/v1/alerts/{id}/acknowledgement",
      summary: "Say that you have seen an alert",
      tag: "Alerts",
      access: "session",
      audits: ["alert.acknowledge"],
      params: idParams,
      answers: { 204: { description: "It is acknowledged" } },
      problems: ["forbidden", "device_required", "alert_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await acknowledgeAlert(deps, { actor }, id);
      return { status: 204 };
    },
  );
