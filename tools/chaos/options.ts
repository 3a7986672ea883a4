import { parseArgs } from "node:util";

/** The command line's options. */
export interface Options {
  /** The number of seconds for which faults continue. */
  readonly seconds: number;
  /** Decides what happens to which device, and when. */
  readonly seed: number;
  readonly devices: number;
  readonly conversations: number;
  /** The number of relays that share the database. */
  readonly nodes: number;
  /** Whether they share a Redis. */
  readonly redis: boolean;
  /** True to print only the JSON line on standard output, without a summary. */
  readonly json: boolean;
  /** Keeps journals, stores and logs. */
  readonly keep: boolean;
}

export const usage = `npm run chaos    real devices talk while relays, devices, Redis and connections are killed
  --seconds N        duration in seconds (default 60)
  --seed N           selects which faults happen (default 1)
  --devices N        number of devices, in 8 processes (default 200)
  --conversations N  number of conversations (default 50); each has one customer, all other devices are agents'
  --nodes N          number of relays on one database (default 2)
  --no-redis         relays send hints over the database, so no redis-server is needed
  --json             print only the verdict, as one line of JSON
  --keep             keep journals, stores and logs, and print where they are
`;

/**
 * Reads the command line.
 * @returns undefined if only help is wanted
 * @throws Error that names the mistake in one sentence
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      devices: { type: "string", default: "200" },
      conversations: { type: "string", default: "50" },
      nodes: { type: "string", default: "2" },
      "no-redis": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { json, keep, help } = values;
  if (help) return undefined;
  const conversations = wholeNumber("--conversations", values.conversations, 1);
  const devices = wholeNumber("--devices", values.devices, 2);
  if (devices < 2 * conversations)
    throw new Error("--devices must be at least two for each of the --conversations.");
  const seconds = wholeNumber("--seconds", values.seconds, 1);
  return {
    seconds,
    seed: wholeNumber("--seed", values.seed, 0),
    devices,
    conversations,
    nodes: wholeNumber("--nodes", values.nodes, 1),
    redis: !values["no-redis"],
    json,
    keep,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new Error(`${name} must be a whole number, ${least} or more.`);
  return value;
}
