import type { Command } from "commander";
import { findDevelopmentKey, signCustomerToken } from "../../identity/tokens/development-key.ts";
import type { Print } from "../output.ts";
import { CommandError, type Settings } from "../settings.ts";
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

/** Signs a customer token with the development key, as a tenant's backend would with its own key. */
async function customerTokenCommand(
  settings: Settings,
  options: {
    readonly tenant: string;
    readonly subject?: string;
    readonly audience?: string;
    readonly thumbprint?: string;
  },
): Promise<string> {
  if (settings.production)
    throw new CommandError(
      "This command is for development. In production the tenant's own backend signs customer tokens.",
    );
  const key = await findDevelopmentKey(settings.home);
  if (key === undefined)
    throw new CommandError(
      "There is no development key in SEALDESK_HOME. Run sealdesk start first.",
    );
  const { tenant, subject, audience = settings.publicUrl, thumbprint } = options;
  if (subject === undefined)
    throw new CommandError(
      "Give --subject, the tenant's own identifier of the customer, or --verify.",
    );
  return signCustomerToken(key, { tenant, subject, audience, thumbprint, nowMs: Date.now() });
}
