import { readFile, realpath } from "node:fs/promises";
import { parseEnv } from "node:util";
import { decodeText, readEnvFile } from "../../../keys/environment/env-file.ts";
import { replaceFile } from "../../../keys/private-file.ts";
import { CommandError } from "../../settings.ts";

/** The file that the server and the commands read in their working directory. */
const ENV_FILE = ".env";

/**
 * Returns the variables of `.env` with those of `answers`.
 * @throws CommandError if they differ on a variable: setup changes no configuration; ConfigError, as
 *   `readEnvFile`
 */
export function withEnvironmentFile(
  answers: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(readEnvFile(ENV_FILE)))
    if (value !== undefined && value !== "") kept[name] = value;
  for (const [name, value] of Object.entries(answers))
    if (kept[name] !== undefined && kept[name] !== value)
      throw new CommandError(
        `${name} in ${ENV_FILE} differs from the answer. Setup changes no value: correct one of the two.`,
      );
  return { ...kept, ...answers };
}

/**
 * Adds the variables that `.env` lacks, and keeps its other lines. The file is private (mode 0600). It is
 * written completely or not at all.
 * @throws CommandError if a value cannot be written on one line
 */
export async function addToEnvironmentFile(
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const known = readEnvFile(ENV_FILE);
  const added = Object.entries(variables).filter(([name]) => (known[name] ?? "") === "");
  const lines = added.map(([name, value]) => lineOf(name, value));
  const path = await realpath(ENV_FILE).catch(unlessMissing(ENV_FILE));
  const text = decodeText(await readFile(path).catch(unlessMissing(Buffer.alloc(0))));
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  await replaceFile(path, `${text}${separator}${lines.join("")}`);
}

/** Returns a handler that takes `value` if there is no such file. */
const unlessMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return value;
  };

/** Docker Compose reads the same file. It takes text in single quotes as it is. */
function lineOf(name: string, value: string): string {
  for (const quote of ["", "'", '"']) {
    const line = `${name}=${quote}${value}${quote}\n`;
    const isPlain = quote !== "" || /^[\w./:@%+,-]*$/.test(value);
    if (isPlain && !value.includes("\n") && parseEnv(line)[name] === value) return line;
  }
  throw new CommandError(
    `${name} cannot be written to ${ENV_FILE}, because it contains a line break or both kinds of quotes. Set it in the environment.`,
  );
}
