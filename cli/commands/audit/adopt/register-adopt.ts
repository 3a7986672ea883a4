import type { Command } from "commander";
import type { Print } from "../../../output.ts";
import type { Settings } from "../../../settings.ts";
import { applyAdoption } from "./apply.ts";
import { declareAdoption } from "./declare.ts";
import { signAdoption } from "./sign.ts";

/** `sealdesk audit adopt ...` */
export function registerAdopt(audit: Command, print: Print, settings: () => Settings): void {
  const adopt = audit
    .command("adopt")
    .description("Continue logs whose checkpoints outside the database are gone (docs/audit.md)");

  adopt
    .command("declare")
    .description("Write which heads have no checkpoint outside, for two approvers to sign")
    .requiredOption("--reason <text>", "one line, which everyone who reads the logs can read")
    .requiredOption("--out <file>", "file for the statement; it must not exist")
    .action(async (options: Parameters<typeof declareAdoption>[1]) =>
      print(await declareAdoption(settings(), options)),
    );

  adopt
    .command("sign")
    .description("Show the heads and add your signature; needs no database")
    .argument("<file>", "the statement")
    .requiredOption("--key <file>", "your private key, made by sealdesk audit restore key")
    .action(async (file: string, options: Parameters<typeof signAdoption>[1]) =>
      print(await signAdoption(file, options)),
    );

  adopt
    .command("apply")
    .description("Keep the heads outside the database, as two approvers signed")
    .argument("<file>", "the statement")
    .action(async (file: string) => print(await applyAdoption(settings(), file)));
}
