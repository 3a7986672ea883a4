/** Which witnesses must have cosigned, as text: the directives of the C2SP tlog-policy draft. */
import { toHex } from "../../crypto/wire/bytes.ts";
import { cosignedAt } from "./cosignature.ts";
import { LogError } from "./log-error.ts";
import { KEY_TYPES, parseVkey, type Checks, type Note, type NoteKey } from "./note.ts";
import type { Sha256 } from "./tree-hash.ts";

type Members = { readonly threshold: number; readonly names: readonly string[] };

export interface WitnessPolicy {
  readonly logs: readonly NoteKey[];
  readonly witnesses: ReadonlyMap<string, NoteKey>;
  readonly groups: ReadonlyMap<string, Members>;
  /** The name of a witness or of a group, or "none". */
  readonly quorum: string;
}

/**
 * Reads `log <vkey>`, `witness <name> <vkey>`, `group <name> <k|any|all> <member>...` and `quorum
 * <name|none>`, one on each line. `#` begins a comment.
 * @throws LogError malformed
 */
export function parseWitnessPolicy(sha256: Sha256, text: string): WitnessPolicy {
  const logs: NoteKey[] = [];
  const witnesses = new Map<string, NoteKey>();
  const groups = new Map<string, Members>();
  let quorum: string | undefined;
  const isKnown = (name: string) => witnesses.has(name) || groups.has(name);
  for (const [number, line] of text.split("\n").entries()) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    const refused = (why: string) => new LogError("malformed", `policy line ${number + 1}`, why);
    const [directive, name = "", ...rest] = words;
    switch (directive) {
      case "":
        break;
      case "log":
        logs.push(parseVkey(sha256, name));
        break;
      case "witness": {
        if (name === "none" || isKnown(name)) throw refused("the name is already used.");
        const key = parseVkey(sha256, rest[0] ?? "");
        if (key.type !== KEY_TYPES.cosignature) throw refused("not a cosignature key.");
        witnesses.set(name, key);
        break;
      }
      case "group": {
        const [threshold = "", ...names] = rest;
        const count = { any: 1, all: names.length }[threshold] ?? Number(threshold);
        if (name === "none" || isKnown(name)) throw refused("the name is already used.");
        if (!names.every(isKnown) || new Set(names).size !== names.length)
          throw refused("a member is unknown or named twice.");
        if (!Number.isInteger(count) || count < 1 || count > names.length)
          throw refused("the threshold is not between 1 and the number of members.");
        groups.set(name, { threshold: count, names });
        break;
      }
      case "quorum":
        if (quorum !== undefined || !(name === "none" || isKnown(name)))
          throw refused("the quorum is unknown or given twice.");
        quorum = name;
        break;
      default:
        throw refused("not a directive.");
    }
  }
  if (quorum === undefined) throw new LogError("malformed", "policy", "names no quorum.");
  return { logs, witnesses, groups, quorum };
}

/** The largest number of witnesses that a policy made by `quorumOf` may have. */
export const MOST_WITNESSES = 16;

/**
 * Returns the policy that `quorum` of these witnesses must cosign: a file with one group of them.
 * @throws LogError malformed, also if a name or a key appears twice
 */
export function quorumOf(
  sha256: Sha256,
  { keys, quorum }: { readonly keys: readonly string[]; readonly quorum: number },
): WitnessPolicy {
  if (keys.length > MOST_WITNESSES)
    throw new LogError("malformed", "policy", `names more than ${MOST_WITNESSES} witnesses.`);
  const named = keys.map((vkey) => ({ vkey, name: parseVkey(sha256, vkey).name }));
  const policy = parseWitnessPolicy(
    sha256,
    [
      ...named.map(({ name, vkey }) => `witness ${name} ${vkey}`),
      `group witnesses+quorum ${quorum} ${named.map(({ name }) => name).join(" ")}`,
      "quorum witnesses+quorum",
    ].join("\n"),
  );
  const publicKeys = new Set([...policy.witnesses.values()].map((key) => toHex(key.publicKey)));
  if (publicKeys.size < keys.length)
    throw new LogError("malformed", "policy", "names one key twice.");
  return policy;
}

/**
 * Requires the quorum of the policy.
 * @returns the names of the policy's witnesses that cosigned
 * @throws LogError quorum_missing
 */
export function assertQuorum(checks: Checks, policy: WitnessPolicy, note: Note): string[] {
  const cosigned = new Set<string>();
  for (const [name, key] of policy.witnesses)
    if (cosignedAt(checks, note, key) !== undefined) cosigned.add(name);
  const holds = (name: string): boolean => {
    const group = policy.groups.get(name);
    if (group === undefined) return cosigned.has(name);
    return group.names.filter(holds).length >= group.threshold;
  };
  if (policy.quorum !== "none" && !holds(policy.quorum))
    throw new LogError("quorum_missing", "checkpoint", "too few witnesses of the policy cosigned.");
  return [...cosigned];
}
