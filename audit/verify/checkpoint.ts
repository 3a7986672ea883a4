/** C2SP tlog-checkpoint: the head of a log's tree as a signed note. */
import { fromBase64, toBase64 } from "./base64.ts";
import { LogError } from "./log-error.ts";
import { assertSignature, parseNote, type Checks, type Note, type NoteKey } from "./note.ts";
import { HASH_BYTES } from "./tree-hash.ts";

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Checkpoint extends TreeHead {
  /** Names the log and its key. */
  readonly origin: string;
  /**
   * The number of restores of the log when this head was signed. Undefined means none. A
   * declaration about earlier heads does not cover this one.
   */
  readonly restores?: number | undefined;
}

/**
 * Returns whether a head was signed after another one of the same log. A head from after a restore
 * is later than every head from before, whatever its size.
 */
export function isLaterHead(one: HeadPosition, other: HeadPosition): boolean {
  const [restores = 0, others = 0] = [one.restores, other.restores];
  return restores === others ? one.size > other.size : restores > others;
}

type HeadPosition = Pick<Checkpoint, "size" | "restores">;

/** Returns the text that is signed. */
export const checkpointText = ({ origin, size, root, restores = 0 }: Checkpoint): string =>
  `${origin}\n${size}\n${toBase64(root)}\n${restores > 0 ? `restored ${restores}\n` : ""}`;

/**
 * Reads a note's text. The extension line `restored <n>` is read. Others are accepted and ignored.
 * @throws LogError malformed
 */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = "", size = "", root = "", ...rest] = text.split("\n");
  const hash = fromBase64(root);
  const last = rest.pop();
  const wellFormed =
    origin !== "" && /^(0|[1-9]\d*)$/.test(size) && hash?.length === HASH_BYTES && last === "";
  if (!wellFormed || !Number.isSafeInteger(Number(size)) || rest.includes(""))
    throw new LogError("malformed", "checkpoint", "not an origin, a size and a root.");
  const restores = restoresIn(rest);
  return { origin, size: Number(size), root: hash, ...(restores > 0 && { restores }) };
}

function restoresIn(extensions: readonly string[]): number {
  const lines = extensions.filter((line) => line.startsWith("restored "));
  const [, count = "0"] = /^restored ([1-9]\d{0,8})$/.exec(lines[0] ?? "") ?? [];
  if (lines.length > 1 || (lines.length === 1 && count === "0"))
    throw new LogError(
      "malformed",
      "checkpoint",
      "says twice or wrongly how often it was restored.",
    );
  return Number(count);
}

/**
 * Returns the checkpoint in `note`. `key` must have signed it, and its origin must be the key's
 * name.
 * @throws LogError malformed, wrong_origin, unsigned, wrong_signature
 */
export function openCheckpoint(
  checks: Checks,
  note: string | Uint8Array,
  key: NoteKey,
): Checkpoint & { readonly note: Note } {
  const parsed = parseNote(note);
  assertSignature(checks, parsed, key);
  const checkpoint = parseCheckpointText(parsed.text);
  if (checkpoint.origin !== key.name)
    throw new LogError("wrong_origin", "checkpoint", `its origin is not ${key.name}.`);
  return { ...checkpoint, note: parsed };
}
