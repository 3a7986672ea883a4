import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { KEY_TYPES } from "../verify/note.ts";
import type { ConfiguredWitness } from "./parse-witness.ts";
import { seenByWitness } from "./seen-by-witness.ts";
import { WitnessError } from "./witness-error.ts";

/** A log, by its id and its name. */
export interface NamedLog {
  readonly log: LogId;
  readonly origin: string;
}

/** A head that our own key signed, as a witness shows it. */
export interface SeenHead extends NamedLog {
  readonly head: Checkpoint;
  readonly note: string;
}

/** The number of logs that a witness is asked about at the same time. */
const AT_ONCE = 16;

/**
 * Returns the heads that a witness saw last of the logs that it gets. The heads come in the order
 * of the logs, as far as the witness answers before `limit`.
 * @param publicKey signs the logs; heads signed by another key prove nothing and are left out
 */
export async function seenHeads(
  witness: ConfiguredWitness,
  logs: readonly NamedLog[],
  publicKey: Uint8Array,
  limit: AbortSignal,
): Promise<SeenHead[]> {
  const seen: SeenHead[] = [];
  const waiting = logs.filter(({ log }) => witness.gets === "all" || log === OPERATOR_LOG).values();
  const askOn = async () => {
    for (const { log, origin } of waiting) {
      const note = (await seenByWitness(witness, origin, limit)) ?? "";
      const head = openHead(note, origin, publicKey);
      if (head !== undefined) seen.push({ log, origin, head, note });
    }
  };
  const asking = Array.from({ length: AT_ONCE }, () =>
    askOn().catch((error: unknown) => {
      // An unreachable witness is reported when heads are submitted for cosigning.
      if (!(error instanceof WitnessError)) throw error;
    }),
  );
  await Promise.all(asking);
  return seen;
}

/** Undefined if another key signed it, because it then proves nothing. */
export function openHead(
  note: string,
  origin: string,
  publicKey: Uint8Array,
): Checkpoint | undefined {
  try {
    return openCheckpoint(nodeChecks, note, { name: origin, type: KEY_TYPES.ed25519, publicKey });
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}
