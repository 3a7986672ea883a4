import { parseArgs } from "node:util";

/** The command line's options. */
export interface Options {
  /** The scenarios to play, in this order. */
  readonly ids: readonly string[];
  /** A CSV file whose dialogues the devices talk; undefined for those of the tool. */
  readonly file: string | undefined;
  readonly seed: number;
  /** How many messages are in a long conversation. */
  readonly messages: number;
  /** True to print one line of JSON for each scenario, and nothing else. */
  readonly json: boolean;
}

/**
 * Reads the command line.
 * @param known the ids of all scenarios
 * @returns undefined if help was asked for
 * @throws Error that names the mistake in one sentence
 */
export function readOptions(
  args: readonly string[],
  known: readonly string[],
): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      dialogues: { type: "string" },
      seed: { type: "string", default: "1" },
      messages: { type: "string", default: "100000" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const ids = positionals.map((id) => id.toUpperCase());
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new Error(`There is no scenario ${unknown}. There are ${known.join(", ")}.`);
  if (!/^\d{1,9}$/.test(values.seed)) throw new Error("--seed must be a whole number, 0 or more.");
  if (!/^[1-9]\d{0,6}$/.test(values.messages))
    throw new Error("--messages must be a whole number, 1 or more.");
  return {
    ids: ids.length === 0 ? known : ids,
    file: values.dialogues,
    seed: Number(values.seed),
    messages: Number(values.messages),
    json: values.json,
  };
}
