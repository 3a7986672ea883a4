import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import { KEY_TYPES, parseVkey } from "../verify/note.ts";
import type { Witness } from "./ask-witness.ts";

/** A witness that a server submits heads to. */
export interface ConfiguredWitness extends Witness {
  /**
   * The logs that the witness gets. The operator's log names no tenant and holds the checkpoints of
   * all logs.
   */
  readonly gets: "operator" | "all";
}

const ALL = "all:";

/** A checkpoint may carry only a few signatures. */
const MOST_WITNESSES = 16;

/**
 * Reads a witness in the form that operators write: its verifier key, @, and its URL.
 * @throws LogError malformed
 */
export function parseWitness(text: string): Witness {
  const refused = (why: string) => new LogError("malformed", "witness", why);
  const [, vkey = "", url = ""] = /^([!-*,-~+]+)@(https?:\/\/[^@?#]+)$/.exec(text) ?? [];
  if (!URL.canParse(url)) throw refused("is written as its key, @, and its URL.");
  const key = parseVkey(nodeChecks.sha256, vkey);
  if (key.type !== KEY_TYPES.cosignature) throw refused("its key is not a cosignature key.");
  if (key.name.length > 200) throw refused("its name is too long.");
  return { key, url: url.replace(/\/+$/, "") };
}

/**
 * Reads several witnesses, separated by commas or spaces. `all:` stands before a witness that gets
 * the heads of all logs.
 * @throws LogError malformed, also if a name appears twice
 */
export function parseWitnesses(text: string): ConfiguredWitness[] {
  const witnesses = text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part): ConfiguredWitness =>
      part.startsWith(ALL)
        ? { ...parseWitness(part.slice(ALL.length)), gets: "all" }
        : { ...parseWitness(part), gets: "operator" },
    );
  const names = new Set(witnesses.map(({ key }) => key.name));
  if (names.size < witnesses.length || names.size > MOST_WITNESSES)
    throw new LogError("malformed", "witnesses", "are too many, or one is named twice.");
  return witnesses;
}
