import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { addConsumerCommand, listConsumersCommand, removeConsumerCommand } from "./consumers.ts";
import {
  certificateCommand,
  planCommand,
  runCommand,
  showErasureCommand,
  withdrawErasureCommand,
  type PlanOptions,
  type RunOptions,
} from "./erase.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const LAW = [
  "--law <citation>",
  "the provision on which the person relies",
  "GDPR Article 17(1)",
] as const;

/** `sealdesk erase ...` */
export function registerErasure(program: Command, print: Print, settings: () => Settings): void {
  const erase = program.command("erase").description("Erase a person (docs/erasure.md)");

  erase
    .command("plan")
    .description("Show what an erasure would destroy and what holds would keep; changes nothing")
    .argument("<account>", "id of the account")
    .requiredOption(...TENANT)
    .option(...LAW)
    .action(async (account: string, options: PlanOptions) =>
      print(await planCommand(settings(), account, options)),
    );

  erase
    .command("run")
    .description("Begin an erasure: the server fences the account at once, and destroys later")
    .argument("<account>", "id of the account")
    .requiredOption(...TENANT)
    .option(...LAW)
    .option("--received <time>", "when the request was received; now by default")
    .option("--window-hours <number>", "hours in which the plan can be contested; 24 by default")
    .action(async (account: string, options: RunOptions) =>
      print(await runCommand(settings(), account, options)),
    );

  erase
    .command("show")
    .description("Print as JSON how far an erasure is, and what became of each item")
    .argument("<case>", "id of the case")
    .requiredOption(...TENANT)
    .action(async (id: string, options: { readonly tenant: string }) =>
      print(await showErasureCommand(settings(), id, options)),
    );

  erase
    .command("withdraw")
    .description("End an erasure at the wish of the person, before anything is destroyed")
    .argument("<case>", "id of the case")
    .requiredOption(...TENANT)
    .action(async (id: string, options: { readonly tenant: string }) =>
      print(await withdrawErasureCommand(settings(), id, options)),
    );

  erase
    .command("certificate")
    .description("Write the certificate of an erasure")
    .argument("<case>", "id of the case")
    .requiredOption(...TENANT)
    .requiredOption(
      "--out <file>",
      "the signed file; a PDF that carries it if the name ends in .pdf",
    )
    .action(async (id: string, options: { readonly tenant: string; readonly out: string }) =>
      print(await certificateCommand(settings(), id, options)),
    );
  registerConsumers(erase, print, settings);
}

function registerConsumers(erase: Command, print: Print, settings: () => Settings): void {
  const consumer = erase
    .command("consumer")
    .description("Tell systems of a tenant of each erasure, by a signed event");

  consumer
    .command("list")
    .description("List the systems that are told")
    .requiredOption(...TENANT)
    .action(async (options: Parameters<typeof listConsumersCommand>[1]) =>
      print(await listConsumersCommand(settings(), options)),
    );

  consumer
    .command("add")
    .description("Add a system, and print the secret that signs its events")
    .requiredOption(...TENANT)
    .requiredOption("--name <name>", "what the certificate calls it")
    .requiredOption("--url <url>", "an https URL")
    .action(async (options: Parameters<typeof addConsumerCommand>[1]) =>
      print(await addConsumerCommand(settings(), options)),
    );

  consumer
    .command("remove")
    .description("Tell a system of no further erasure")
    .requiredOption(...TENANT)
    .requiredOption("--name <name>", "its name")
    .action(async (options: Parameters<typeof removeConsumerCommand>[1]) =>
      print(await removeConsumerCommand(settings(), options)),
    );
}
