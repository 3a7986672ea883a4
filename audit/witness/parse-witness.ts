import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import { KEY_TYPES, parseVkey } from "../verify/note.ts";
import type { Witness } from "./ask-witness.ts";

/** A witness that a server submits heads to. */
export interface ConfiguredWitness extends Witness {
  /** Of which logs: the operator's names no tenant, and holds the checkpoints of all. */
  readonly gets: "operator" | "all";
}

const ALL = "all:";

/** A checkpoint bears few signatures. */
const MOST_WITNESSES = 16;

/**
 * A witness as operators write it: its verifier key, @, and its URL.
 * @throws LogError malformed
 */
export function parseWitness(text: string): Witness {
  const refused = (why: string) => new LogError("malformed", "witness", why);
  const [, vkey = "", url = ""] = /^([!-*,-~+]+)@(https?:\/\/[^@?#]+)$/.exec(text) ?? [];
  if (!URL.canParse(url)) throw refused("is written as its key, @, and its URL.");
  const key = parseVkey(nodeChecks.sha256, vkey);
  if (key.type !== KEY_TYPES.cosignature) throw refused("its key is not one for cosignatures.");
  if (key.name.length > 200) throw refused("its name is too long.");
  return { key, url: url.replace(/\/+$/, "") };
}

/**
 * Several, parted by commas or spaces; `all:` stands before one that gets the heads of all logs.
 * @throws LogError malformed, also when a name comes twice
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
