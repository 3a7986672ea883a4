import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

/**
 * The variables of `.env` in the working directory; none when there is no such file. It may be
 * UTF-8 or UTF-16 and begin with a byte order mark, as editors on Windows write it.
 */
export function readEnvFile(path = ".env"): Record<string, string | undefined> {
  try {
    return parseEnv(decode(readFileSync(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** The decoder skips the byte order mark. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder().decode(bytes);
}
