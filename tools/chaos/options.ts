import { parseArgs } from "node:util";

/** The command line's options. */
export interface Options {
  /** How long mishaps continue. */
  readonly seconds: number;
  /** Decides what happens to which device, and when. */
  readonly seed: number;
  readonly devices: number;
  readonly conversations: number;
  /** How many relays share the database. */
  readonly nodes: number;
  /** Whether they share a Redis. */
  readonly redis: boolean;
  /** Only the JSON line on standard output, no summary. */
  readonly json: boolean;
  /** Keeps journals, stores and logs. */
  readonly keep: boolean;
}

export const usage = `npm run chaos    devices talk while relays, devices, Redis and connections are killed
  --seconds N        for so long (60 unless told)
  --seed N           other mishaps (1 unless told)
  --devices N        200 unless told; over 8 processes
  --conversations N  50 unless told; each has a customer, the other devices are agents'
  --nodes N          relays on one database, 2 unless told
  --no-redis         their hints travel over the database; no redis-server is needed
  --json             no summary: the verdict alone, one line of JSON
  --keep             leave journals, stores and logs behind, and say where
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
