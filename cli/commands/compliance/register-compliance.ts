import { Option, type Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { controlFormats, controlsCommand } from "./controls.ts";
import { doctorCommand, type DoctorOptions } from "./doctor.ts";
import { processingRecordsCommand } from "./processing-records.ts";

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;

/** `sealdesk doctor`, `sealdesk controls` and `sealdesk processing-records`. */
export function registerCompliance(program: Command, print: Print, settings: () => Settings): void {
  program
    .command("doctor")
    .description(
      "Check whether the server runs well; exit code 0: all is well, 1: something failed, 2: something needs a look",
    )
    .option("--compliance", "also check whether it keeps what it promises")
    .option("--tenant <slug>", "with --compliance: this tenant only")
    .option("--json", "print JSON")
    .action(async (options: DoctorOptions) =>
      print(await doctorCommand(settings(), options, (exitCode) => (process.exitCode = exitCode))),
    );

  program
    .command("controls")
    .description("Print which measure answers which requirement, with evidence and today's result")
    .requiredOption(...TENANT)
    .addOption(
      new Option("--format <format>", "how to print it").choices(controlFormats).default("md"),
    )
    .action(async (options: Parameters<typeof controlsCommand>[1]) =>
      print(await controlsCommand(settings(), options, program.version() ?? "")),
    );

  program
    .command("processing-records")
    .description("Print the records of processing, made from the settings in force")
    .requiredOption(...TENANT)
    .option("--json", "print JSON")
    .action(async (options: Parameters<typeof processingRecordsCommand>[1]) =>
      print(await processingRecordsCommand(settings(), options)),
    );
}
