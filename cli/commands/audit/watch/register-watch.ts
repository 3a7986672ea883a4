import type { Command } from "commander";
import type { Print } from "../../../output.ts";
import { Silence } from "./silence.ts";
import { watchLog, type WatchOptions } from "./watch.ts";

/** The exit status if the log, or somebody who keeps its heads, did not answer for too long. */
const SILENT = 4;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sealdesk audit watch` */
export function registerWatch(audit: Command, print: Print): void {
  audit
    .command("watch")
    .description(
      "Verify a log as it grows and compare it with heads that others keep; ends with 1 at the first fault",
    )
    .argument("<place>", "folder or URL of a log")
    .requiredOption(
      "--vkey <key>",
      "output of `sealdesk audit vkey`, received by a way that you trust",
    )
    .requiredOption("--state <folder>", "folder for the head that was verified last")
    .option("--tenant <slug>", "with --username: sign in to the server that serves the log")
    .option(
      "--username <name>",
      "account of an auditor or compliance officer; reads the password from standard input",
    )
    .option(
      "--checkpoints <place>",
      "the outside checkpoints of the server: a folder (AUDIT_CHECKPOINTS), or s3:// and a bucket",
    )
    .option("--region <name>", "region of the bucket", "us-east-1")
    .option("--endpoint <url>", "URL of an S3 service other than Amazon's")
    .option("--archive <place>", "folder or URL of an archive of the log; may be repeated", collect)
    .option("--witness <vkey@url>", "a witness of the log; may be repeated", collect)
    .option(
      "--approver <vkey>",
      "verifier key of a person who may approve a restore from a backup; repeat it for each. Without any, a restore is a fault",
      collect,
    )
    .option("--pruned-below <index>", "entries below this index may be missing", "0")
    .option("--every <seconds>", "time between two looks at the log", "60")
    .option("--whole-every <hours>", "time between two readings of every entry", "24")
    .option(
      "--grows-within <hours>",
      "end with 4 if the log does not grow in this time; 2 with --username",
    )
    .option(
      "--cosigned-within <hours>",
      "end with 4 if the log has grown, and a witness has cosigned no head of it in this time",
      "1",
    )
    .option("--silent-after <minutes>", "end with 4 after this time without an answer", "10")
    .option("--once", "look once, for use from cron")
    .action(async (place: string, _options: WatchOptions, command: Command) => {
      const options = command.optsWithGlobals<WatchOptions>();
      const stop = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
      await watchLog(place, options, print, stop.signal).catch((error: unknown) => {
        if (!(error instanceof Silence)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = SILENT;
      });
    });
}
