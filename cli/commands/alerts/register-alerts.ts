import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { acknowledgeCommand, listAlertsCommand } from "./alerts.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;

/** Registers `alerts` and its subcommands. */
export function registerAlerts(program: Command, print: Print, settings: () => Settings): void {
  const alerts = program.command("alerts").description("Show what officers are alerted to");

  alerts
    .command("list")
    .description("List the alerts that no officer has acknowledged, the newest first")
    .requiredOption(...TENANT)
    .option("--all", "list acknowledged alerts too")
    .option("--before <id>", "the alerts before this one")
    .option("--json", "print JSON")
    .action(async (options: Parameters<typeof listAlertsCommand>[1]) =>
      print(await listAlertsCommand(settings(), options)),
    );

  alerts
    .command("acknowledge")
    .description("Record that you have seen an alert")
    .argument("<id>", "id of the alert")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Parameters<typeof acknowledgeCommand>[2]) =>
      print(await acknowledgeCommand(settings(), id, options)),
    );
}
