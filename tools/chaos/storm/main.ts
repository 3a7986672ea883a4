import { parseArgs } from "node:util";
import { runStorm } from "./run-storm.ts";

const usage = `npm run chaos:storm    all devices reconnect at one moment, with messages waiting for them
  --devices N    number of devices (default 5000); even, because two share a conversation
  --waiting N    messages that wait in each conversation (default 20)
  --seed N       selects the waiting times of devices that are sent away (default 1)
`;

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: "5000" },
      waiting: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const options = {
    devices: wholeNumber("--devices", values.devices),
    waiting: wholeNumber("--waiting", values.waiting),
    seed: wholeNumber("--seed", values.seed),
  };
  if (options.devices % 2 !== 0) throw new Error("--devices must be an even number.");
  const report = await runStorm(options, (line) => void process.stderr.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(report)}\n`);
  const { synced, delivered, outOfOrder } = report;
  const all = options.devices * (options.waiting + 1);
  return synced === options.devices && delivered === all && outOfOrder === 0 ? 0 : 1;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`${name} must be a whole number, 1 or more.`);
  return Number(text);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
