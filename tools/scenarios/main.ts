import { readOptions } from "./options.ts";
import { playScenario } from "./play-scenario.ts";
import { jsonOf, textOf } from "./report.ts";
import { scenarios } from "./scenarios.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

const usage = `npm run scenarios -- [ID ...]    plays acceptance scenarios, each on a fresh server with real devices
  --dialogues FILE.csv    the devices talk the dialogues of the column "dialogue"
  --seed N                selects who says what, and when processes are killed (default 1)
  --messages N            how many messages are in a long conversation (default 100000)
  --json                  prints one line of JSON for each scenario
${scenarios.map(({ id, title }) => `  ${id.padEnd(4)} ${title}`).join("\n")}
`;

/** @returns the exit code */
async function main(): Promise<number> {
  const options = readOptions(
    process.argv.slice(2),
    scenarios.map(({ id }) => id),
  );
  if (options === undefined) {
    print(usage);
    return 0;
  }
  let failed = 0;
  for (const id of options.ids) {
    const scenario = scenarios.find((each) => each.id === id);
    if (scenario === undefined) continue;
    if (!options.json) print(`\n${scenario.id}  ${scenario.title}`);
    const tell = options.json ? () => undefined : (text: string) => print(`    ${text}`);
    const played = await playScenario(scenario, { ...options, tell });
    print(options.json ? jsonOf(played) : textOf(played));
    if (played.failures.length > 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
