import { HttpError } from "../http-error.ts";
import { requestLimits } from "../../limits.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a JSON text (RFC 8259) that is an object or an array.
 * @returns undefined for an empty body
 * @throws HttpError malformed_json. The message does not quote the body.
 */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  if (!isSimple(body))
    throw new HttpError("malformed_json", "The body has too many values or is nested too deeply.");
  const value = parsed(body);
  if (typeof value !== "object" || value === null) throw notJson();
  return value;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body)) as unknown;
  } catch {
    throw notJson();
  }
}

const notJson = (): HttpError =>
  new HttpError("malformed_json", "The body cannot be read as JSON.");

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Counts values and depth without parsing, by the characters outside of strings. */
function isSimple(json: Uint8Array): boolean {
  let depth = 0;
  let values = 1;
  let isQuoted = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at] ?? 0;
    if (isQuoted) {
      if (character === BACKSLASH) at++;
      else if (character === QUOTE) isQuoted = false;
    } else if (character === QUOTE) isQuoted = true;
    else if (character === COMMA) values++;
    else if (OPENING.has(character)) {
      depth++;
      values++;
    } else if (CLOSING.has(character)) depth--;
    if (depth > requestLimits.jsonDepth || values > requestLimits.jsonValues) return false;
  }
  return true;
}
