import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { acknowledgeCommand, listAlertsCommand } from "./alerts.ts";
import {
  removeWebhookCommand,
  setWebhookCommand,
  showWebhookCommand,
  testWebhookCommand,
} from "./webhook.ts";

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
  registerWebhook(alerts, print, settings);
}

function registerWebhook(alerts: Command, print: Print, settings: () => Settings): void {
  const webhook = alerts.command("webhook").description("Send alerts to a server of yours");

  webhook
    .command("show")
    .description("Show where alerts are sent, and whether they arrive")
    .requiredOption(...TENANT)
    .option("--json", "print JSON")
    .action(async (options: Parameters<typeof showWebhookCommand>[1]) =>
      print(await showWebhookCommand(settings(), options)),
    );

  webhook
    .command("set")
    .description("Set the URL to which alerts are sent, and print a new secret")
    .requiredOption(...TENANT)
    .requiredOption("--url <url>", "an https URL")
    .action(async (options: Parameters<typeof setWebhookCommand>[1]) =>
      print(await setWebhookCommand(settings(), options)),
    );

  webhook
    .command("test")
    .description("Send a test message")
    .requiredOption(...TENANT)
    .action(async (options: Parameters<typeof testWebhookCommand>[1]) =>
      print(await testWebhookCommand(settings(), options)),
    );

  webhook
    .command("remove")
    .description("Stop sending alerts")
    .requiredOption(...TENANT)
    .action(async (options: Parameters<typeof removeWebhookCommand>[1]) =>
      print(await removeWebhookCommand(settings(), options)),
    );
}
