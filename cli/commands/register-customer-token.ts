import type { Command } from "commander";
import { readSettings } from "../settings.ts";
import { customerTokenCommand } from "./customer-token.ts";
import { verifyCustomerTokenCommand, type VerifyTokenOptions } from "./verify-customer-token.ts";

type Options = VerifyTokenOptions & { readonly verify?: boolean; readonly subject?: string };

/** `sealdesk customer-token`. */
export function registerCustomerToken(program: Command, print: (text: string) => void): void {
  program
    .command("customer-token")
    .description("make a customer token in development, or say what is wrong with one")
    .requiredOption("--tenant <slug>", "the tenant")
    .option("--subject <subject>", "who the customer is to the tenant")
    .option("--audience <url>", "the server's public URL, when not as configured here")
    .option("--thumbprint <jkt>", "of the device key, as the SDK hands it to token()")
    .option("--verify", "check a token, claim by claim; reads it from standard input")
    .option("--token-file <file>", "with --verify: reads it from a file")
    .action(async ({ verify = false, ...options }: Options) => {
      if (!verify) return print(await customerTokenCommand(readSettings(), options));
      const { report, accepted } = await verifyCustomerTokenCommand(readSettings(), options);
      print(report);
      if (!accepted) process.exitCode = 1;
    });
}
