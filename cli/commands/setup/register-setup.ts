import type { Command } from "commander";
import type { OperatorActor } from "../../../audit/operator.ts";
import type { Print } from "../../output.ts";
import { readAnswers } from "./answers.ts";
import { askAnswers } from "./ask-answers.ts";
import { withEnvironmentFile } from "./environment-file.ts";
import { runSetup } from "./run-setup.ts";
import { openTerminal } from "./terminal.ts";

/** `sealdesk setup`. */
export function registerSetup(program: Command, print: Print, operator: () => OperatorActor): void {
  program
    .command("setup")
    .description(
      "Set up a production server: ask for what it needs, try each answer, write .env in this folder, and make the database's schema, a tenant and its first admin. You may repeat it",
    )
    .option(
      "--from <file>",
      "take the answers from a JSON file (docs/operations.md); the admin's password is the first line of standard input",
    )
    .action(async ({ from }: { readonly from?: string }) => {
      const answers =
        from === undefined
          ? await askAnswers(openTerminal(), withEnvironmentFile({}))
          : await readAnswers(from);
      await runSetup(answers, operator(), print);
    });
}
