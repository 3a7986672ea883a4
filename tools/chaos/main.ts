import { readOptions, usage } from "./options.ts";
import { isGood, reportOf, summaryOf } from "./report.ts";
import { runChaos } from "./run-chaos.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

/** @returns the exit code */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    print(usage);
    return 0;
  }
  const outcome = await runChaos(options, complain);
  for (const complaint of outcome.complaints) complain(complaint);
  if (!options.json) print(summaryOf(outcome));
  print(JSON.stringify(reportOf(outcome)));
  return isGood(outcome) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
