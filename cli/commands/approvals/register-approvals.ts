import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import {
  approveRequestCommand,
  listApprovalsCommand,
  refuseRequestCommand,
  showApprovalCommand,
  withdrawRequestCommand,
} from "./approvals.ts";
import { endAccessCommand, listAccessesCommand, reviewAccessCommand } from "./break-glass.ts";

type Options = { readonly tenant: string };
const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const JSON_OPTION = ["--json", "print JSON"] as const;

/** Registers `approval`, `break-glass` and their subcommands. */
export function registerApprovals(program: Command, print: Print, settings: () => Settings): void {
  const approval = program
    .command("approval")
    .description("Show and answer requests that need another person");

  approval
    .command("list")
    .description("List the requests that wait for another person, the oldest first")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listApprovalsCommand>[1]) =>
      print(await listApprovalsCommand(settings(), options)),
    );

  approval
    .command("show")
    .description("Print a request with everything that the act depends on, as JSON")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await showApprovalCommand(settings(), id, options)),
    );

  approval
    .command("approve")
    .description("Approve what another person asked for")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .requiredOption("--hash <hash>", "its hash, as list and show print it")
    .action(async (id: string, options: Parameters<typeof approveRequestCommand>[2]) =>
      print(await approveRequestCommand(settings(), id, options)),
    );

  approval
    .command("refuse")
    .description("Refuse what another person asked for")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await refuseRequestCommand(settings(), id, options)),
    );

  approval
    .command("withdraw")
    .description("Take a request back")
    .argument("<id>", "id of the request")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await withdrawRequestCommand(settings(), id, options)),
    );

  registerBreakGlass(program, print, settings);
}

function registerBreakGlass(program: Command, print: Print, settings: () => Settings): void {
  const access = program
    .command("break-glass")
    .description("Show, end and review access to conversations in emergencies");

  access
    .command("list")
    .description("List the requests for access and what became of them, the newest first")
    .requiredOption(...TENANT)
    .option(...JSON_OPTION)
    .action(async (options: Parameters<typeof listAccessesCommand>[1]) =>
      print(await listAccessesCommand(settings(), options)),
    );

  access
    .command("end")
    .description("End an access before its time; the sessions of the account end")
    .argument("<id>", "id of the access")
    .requiredOption(...TENANT)
    .action(async (id: string, options: Options) =>
      print(await endAccessCommand(settings(), id, options)),
    );

  access
    .command("review")
    .description("Record what you found about an access that is over")
    .argument("<id>", "id of the access")
    .requiredOption(...TENANT)
    .requiredOption("--finding <finding>", "justified or not_justified")
    .action(async (id: string, options: Parameters<typeof reviewAccessCommand>[2]) =>
      print(await reviewAccessCommand(settings(), id, options)),
    );
}
