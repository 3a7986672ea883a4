import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { closest } from "fastest-levenshtein";
import { ConfigError } from "./config-error.ts";
import { composeVariables, knownVariables } from "./known-variables.ts";
import type { Environment } from "./parse-environment.ts";

/** Libraries and Node read these from the process's environment, which `.env` does not change. */
const ENVIRONMENT_ONLY = /^(AWS|OTEL|NODE)_|^TZ$/;

/** Settings of Docker Compose itself, which reads the same file. */
const OF_COMPOSE = /^COMPOSE_/;

const isKnown = (name: string): boolean =>
  knownVariables.includes(name) || composeVariables.includes(name) || OF_COMPOSE.test(name);

/**
 * Returns the environment of this process, and the variables of `.env` in the working directory
 * that it does not set. The server and the commands read their settings from this.
 * @throws ConfigError, as `readEnvFile`
 */
export const processEnvironment = (): Environment => ({ ...readEnvFile(), ...process.env });

/**
 * Reads the variables of `.env` in the working directory; returns none if there is no such file. The
 * file may be UTF-8 or UTF-16 and begin with a byte order mark, as editors on Windows write it.
 * @throws ConfigError: a name that nothing would read, with the nearest known name; or the file
 *   cannot be read
 */
export function readEnvFile(path = ".env"): Record<string, string | undefined> {
  const variables = parse(path);
  const sentences = Object.keys(variables)
    .filter((name) => !isKnown(name))
    .map((name) =>
      ENVIRONMENT_ONLY.test(name)
        ? `${name} must be set in the environment, because it is not read from .env.`
        : `${name} in .env is not a variable that Sealdesk knows. Did you mean ${closest(name, [...knownVariables])}?`,
    );
  if (sentences.length > 0) throw new ConfigError(sentences.join(" "));
  return variables;
}

function parse(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(decodeText(readFileSync(path)));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    throw new ConfigError(
      `.env in the working directory cannot be read (${code}); make it a file that this user can read, or remove it.`,
      { cause },
    );
  }
}

/** Decodes a file in UTF-8 or UTF-16. The byte order mark is not part of the text. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder().decode(bytes);
}
