import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { assignCommand, openByEmailCommand } from "./email-requests.ts";
import { listCasesCommand, repeatCaseCommand, showCaseCommand } from "./cases.ts";
import {
  decideRequestCommand,
  extendRequestCommand,
  listRequestsCommand,
  openRequestCommand,
  renewLinkCommand,
  setRulesCommand,
  showRequestCommand,
  showRulesCommand,
  withdrawRequestCommand,
  type OpenOptions,
} from "./requests.ts";

type Options = { readonly tenant: string };
const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;

/** `sealdesk request ...` and `sealdesk case ...` */
export function registerRequests(program: Command, print: Print, settings: () => Settings): void {
  const request = program
    .command("request")
    .description("Record, show, extend and decide what people ask for by law");

  request
    .command("open")
    .description("Record the request of a person")
    .requiredOption(...TENANT)
    .requiredOption("--subject <account>", "id of the person's account")
    .requiredOption("--right <right>", "what the person asks for, such as access or erasure")
    .option("--residence <code>", "where the person lives: a code of ISO 3166, such as DE or US-CA")
    .option("--received-on <day>", "when it was received, if that was before")
    .action(async (options: OpenOptions) => print(await openRequestCommand(settings(), options)));

  request
    .command("open-by-email")
    .description("Record a request that came by e-mail; reads the address from standard input")
    .requiredOption(...TENANT)
    .requiredOption("--right <right>", "what the person asks for, such as access or erasure")
    .option("--residence <code>", "where the person lives: a code of ISO 3166, such as DE or US-CA")
    .option("--received-on <day>", "when it was received, if that was before")
    .action(async (options: Parameters<typeof openByEmailCommand>[1]) =>
      print(await openByEmailCommand(settings(), options)),
    );

  request
    .command("assign")
    .description("Say of which account a request is that came by e-mail")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .requiredOption("--subject <account>", "id of the person's account")
    .action(async (id: string, options: Parameters<typeof assignCommand>[2]) =>
      print(await assignCommand(settings(), id, options)),
    );

  request
    .command("list")
    .description("List the requests that wait, the newest first")
    .requiredOption(...TENANT)
    .option("--all", "also those that are answered or refused")
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listRequestsCommand>[1]) =>
      print(await listRequestsCommand(settings(), options)),
    );

  request
    .command("show")
    .description("Print a request as JSON")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await showRequestCommand(settings(), id, options)),
    );

  request
    .command("extend")
    .description("Extend the period of a request once, by what the law allows")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .requiredOption("--reason <text>", "why, for the person who asked: one line")
    .action(async (id: string, options: Parameters<typeof extendRequestCommand>[2]) =>
      print(await extendRequestCommand(settings(), id, options)),
    );

  request
    .command("decide")
    .description("Accept, answer or refuse a request")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .requiredOption("--decision <decision>", "accepted, answered or refused")
    .option("--ground <text>", "the law that allows the refusal: one line")
    .option(
      "--window-hours <number>",
      "hours in which an accepted erasure can be contested; 24 by default",
    )
    .action(async (id: string, options: Parameters<typeof decideRequestCommand>[2]) =>
      print(await decideRequestCommand(settings(), id, options)),
    );

  request
    .command("withdraw")
    .description("End a request at the wish of the person, and its erasure")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await withdrawRequestCommand(settings(), id, options)),
    );

  request
    .command("renew-link")
    .description("Make a new link to the page of a request, and revoke the earlier ones")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await renewLinkCommand(settings(), id, options)),
    );

  registerRules(request, print, settings);
  registerCases(program, print, settings);
}

function registerRules(request: Command, print: Print, settings: () => Settings): void {
  const rules = request
    .command("rules")
    .description("Show and set which law applies to whom, the time zone and the holidays");

  rules
    .command("show")
    .description("Print the rules in force as JSON")
    .requiredOption(...TENANT)
    .action(async (options: Options) => print(await showRulesCommand(settings(), options)));

  rules
    .command("set")
    .description("Set the rules from a JSON file")
    .argument("<file>", "the file, with what `rules show` prints as content")
    .requiredOption(...TENANT)
    .option("--from <time>", "when they take effect; now by default")
    .action(async (file: string, options: Parameters<typeof setRulesCommand>[2]) =>
      print(await setRulesCommand(settings(), file, options)),
    );
}

function registerCases(program: Command, print: Print, settings: () => Settings): void {
  const cases = program
    .command("case")
    .description("Show work that takes long, and have a step that failed tried again");

  cases
    .command("list")
    .description("List the open cases, the newest first")
    .requiredOption(...TENANT)
    .option("--all", "also those that are over")
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listCasesCommand>[1]) =>
      print(await listCasesCommand(settings(), options)),
    );

  cases
    .command("show")
    .description("Print a case and its steps as JSON")
    .argument("<id>", "id of the case")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await showCaseCommand(settings(), id, options)),
    );

  cases
    .command("repeat")
    .description("Have the step that failed tried again at once")
    .argument("<id>", "id of the case")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await repeatCaseCommand(settings(), id, options)),
    );
}
