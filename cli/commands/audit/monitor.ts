import type { Command } from "commander";
import { addMonitor, listMonitors, removeMonitor } from "../../../identity/audit-log/monitors.ts";
import type { Print } from "../../output.ts";
import { namedTenant } from "../../named-tenant.ts";
import type { Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

interface MonitorOptions {
  readonly tenant: string;
  readonly name: string;
}

/** `sealdesk audit monitor ...` */
export function registerMonitor(audit: Command, print: Print, settings: () => Settings): void {
  const monitor = audit
    .command("monitor")
    .description("Manage programs that read a tenant's log with a token");
  monitor
    .command("add")
    .description("Print a new token, which replaces an earlier one of the same name")
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .requiredOption("--name <name>", "name of the program, for the audit log")
    .option("--days <number>", "how long the token is valid, at most 366 days", "90")
    .action(async (options: MonitorOptions & { readonly days: string }) =>
      print(await addMonitorCommand(settings(), options)),
    );
  monitor
    .command("remove")
    .description("End a token")
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .requiredOption("--name <name>", "name of the program")
    .action(async (options: MonitorOptions) =>
      print(await removeMonitorCommand(settings(), options)),
    );
  monitor
    .command("list")
    .description("List the programs that have a token")
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .action(async (options: { readonly tenant: string }) =>
      print(await listMonitorsCommand(settings(), options.tenant)),
    );
}

async function addMonitorCommand(
  settings: Settings,
  { tenant, name, days }: MonitorOptions & { readonly days: string },
): Promise<string> {
  const token = await withDatabase(settings, ({ ownerUrl }) =>
    addMonitor(ownerUrl, {
      slug: tenant,
      name,
      days: Number(days),
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return token.reveal();
}

async function removeMonitorCommand(
  settings: Settings,
  { tenant, name }: MonitorOptions,
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    removeMonitor(ownerUrl, { slug: tenant, name, nowMs: Date.now(), by: settings.operator }),
  );
  return `The token of ${name} has ended.`;
}

async function listMonitorsCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const { id } = await namedTenant(pool, slug);
    const monitors = await listMonitors(pool, id);
    if (monitors.length === 0) return "There is none.";
    const isoOf = (atMs: number) => new Date(atMs).toISOString();
    return monitors
      .map(
        (each) =>
          `${each.name}  made ${isoOf(each.createdAtMs)}  valid until ${isoOf(each.expiresAtMs)}`,
      )
      .join("\n");
  });
}
