import type { Command } from "commander";
import type { Print } from "../../output.ts";
import { verifyConsentCommand } from "../consents/consents.ts";
import { verifyCertificateFile, type VerifyCertificateOptions } from "./verify.ts";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk verify ...` */
export function registerVerify(program: Command, print: Print): void {
  const verify = program
    .command("verify")
    .description("Verify a document that a server issued; needs no database");

  verify
    .command("certificate")
    .description("Verify a certificate of erasure (docs/erasure.md)")
    .argument("<file>", "the certificate: its JSON file, or the PDF")
    .requiredOption(
      "--key <vkey>",
      "verifier key of the tenant's audit log, as `sealdesk audit vkey` prints it; may be repeated",
      collect,
    )
    .option("--revoked <vkey>", "a key that is not trusted any more; may be repeated", collect)
    .option("--json", "print the verified certificate as one JSON line")
    .action(async (file: string, options: VerifyCertificateOptions) =>
      print(await verifyCertificateFile(file, options)),
    );

  verify
    .command("consent")
    .description("Verify the receipt of a consent")
    .argument("<file>", "the receipt")
    .requiredOption("--vkey <key>", "verifier key of the tenant's audit log")
    .action(async (file: string, options: { readonly vkey: string }) =>
      print(await verifyConsentCommand(file, options)),
    );
}
