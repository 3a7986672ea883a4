import { parseArgs } from "node:util";

/** The command line's options. */
export type Options =
  | { readonly kind: "help" }
  | { readonly kind: "show"; readonly keep: string | undefined }
  | {
      readonly kind: "replay";
      readonly file: string;
      /** The largest number of dialogues. */
      readonly limit: number | undefined;
      /** True to print only the JSON line. */
      readonly json: boolean;
      readonly keep: string | undefined;
      /** Decides who loses the connection, and when. */
      readonly seed: number;
    };

export const usage = `npm run demo                            shows a conversation, and what the database holds of it
npm run demo -- --dialogues FILE.csv    replays every dialogue of the column "dialogue"
  --limit N    replays only the first N dialogues
  --json       prints only one line of JSON
  --keep DIR   keeps the server's data in DIR; serve it with SEALDESK_HOME=DIR npm start
  --seed N     selects who loses the connection when (default 1)
`;

/**
 * Reads the command line.
 * @throws Error that names the mistake in one sentence
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dialogues: { type: "string" },
      limit: { type: "string" },
      json: { type: "boolean", default: false },
      keep: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { dialogues: file, limit, json, keep, seed, help } = values;
  if (help) return { kind: "help" };
  if (file === undefined) {
    if (limit !== undefined || json) throw new Error("--limit and --json go with --dialogues.");
    return { kind: "show", keep };
  }
  return {
    kind: "replay",
    file,
    limit: limit === undefined ? undefined : wholeNumber("--limit", limit, 1),
    json,
    keep,
    seed: wholeNumber("--seed", seed, 0),
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new Error(`${name} must be a whole number, ${least} or more.`);
  return value;
}
