import { isId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { acknowledgeAlert } from "../../../identity/alerts/acknowledge-alert.ts";
import { listAlerts, type Alert } from "../../../identity/alerts/list-alerts.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists what officers are alerted to. */
export async function listAlertsCommand(
  settings: Settings,
  {
    tenant,
    all,
    before,
    json,
  }: Options & { readonly all?: true; readonly before?: string; readonly json?: true },
): Promise<string> {
  const page = {
    before: before === undefined ? undefined : alertOf(before),
    includeAcknowledged: all === true,
  };
  const alerts = await withPolicy(settings, tenant, ({ deps, party }) =>
    listAlerts(deps, party, page),
  );
  if (json === true) return JSON.stringify(alerts);
  return alerts.length === 0 ? "There is no alert." : alerts.map(line).join("\n");
}

const line = (alert: Alert): string =>
  [
    alert.id,
    new Date(alert.raisedAtMs).toISOString(),
    alert.action,
    `${alert.resourceKind} ${alert.resource}`,
    `by ${alert.actor}`,
    ...(alert.subject === null ? [] : [`about ${alert.subject}`]),
    ...(alert.acknowledgedBy === null ? [] : [`acknowledged by ${alert.acknowledgedBy}`]),
  ].join("  ");

/** Records that somebody has seen an alert. */
export async function acknowledgeCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const alert = alertOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) => acknowledgeAlert(deps, party, alert));
  return `Alert ${alert} is acknowledged.`;
}

function alertOf(id: string): Uuid {
  if (!isId<Uuid>(id)) throw new CommandError("Give the id of an alert, as the list prints it.");
  return id;
}
