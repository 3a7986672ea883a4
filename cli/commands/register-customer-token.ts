import type { Command } from "commander";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { customerTokenCommand } from "./customer-token.ts";
import { verifyCustomerTokenCommand, type VerifyTokenOptions } from "./verify-customer-token.ts";

type Options = VerifyTokenOptions & { readonly verify?: boolean; readonly subject?: string };

/** `sealdesk customer-token`. */
export function registerCustomerToken(
  program: Command,
  print: Print,
  settings: () => Settings,
): void {
  program
    .command("customer-token")
    .description("Create a customer token for development, or check a token")
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .option("--subject <subject>", "the tenant's own identifier of the customer")
    .option(
      "--audience <url>",
      "the server's public URL, if it differs from the configuration here",
    )
    .option("--thumbprint <jkt>", "thumbprint of the device key, as the SDK passes it to token()")
    .option("--verify", "check a token claim by claim; it is read from standard input")
    .option("--token-file <file>", "with --verify: read the token from this file")
    .action(async ({ verify = false, ...options }: Options) => {
      if (!verify) return print(await customerTokenCommand(settings(), options));
      const { report, accepted } = await verifyCustomerTokenCommand(settings(), options);
      await print(report);
      if (!accepted) process.exitCode = 1;
    });
}
