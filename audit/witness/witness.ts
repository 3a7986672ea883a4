/** A C2SP tlog-witness. It cosigns heads that are consistent with everything it saw before. */
import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import {
  openCheckpoint,
  parseCheckpointText,
  type Checkpoint,
  type TreeHead,
} from "../verify/checkpoint.ts";
import { cosignature, cosignedBytes } from "../verify/cosignature.ts";
import { LogError } from "../verify/log-error.ts";
import {
  formatNote,
  formatSignature,
  KEY_TYPES,
  parseNote,
  signatureBy,
  type NoteKey,
} from "../verify/note.ts";
import { assertTimely, survivorAt } from "../verify/survivor.ts";
import { verifyConsistency } from "../verify/proofs.ts";
import { HASH_BYTES } from "../verify/tree-hash.ts";
import { addRestore, keptRestores } from "./add-restore.ts";
import { parseAddCheckpoint } from "./parse-add-checkpoint.ts";
import { seenHead, type CosignedHead } from "./seen-head.ts";
import type { WitnessOptions } from "./witness-options.ts";

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: string;
  readonly body: string;
}

const answer = (status: WitnessAnswer["status"], body: string): WitnessAnswer => ({
  status,
  type: "text/plain; charset=utf-8",
  body,
});
const sizeIs = (size: number): WitnessAnswer => ({
  status: 409,
  type: "text/x.tlog.size",
  body: `${size}\n`,
});

/** Each resolves with the answer to one request. */
interface RunningWitness {
  readonly addCheckpoint: (body: Uint8Array) => Promise<WitnessAnswer>;
  readonly addRestore: (note: Uint8Array) => ReturnType<typeof addRestore>;
}

/**
 * Answers requests one at a time. The last head of a log never goes back, except to the head from
 * which the log continues after a restore that its key and two known approvers signed.
 */
export function createWitness(options: WitnessOptions): RunningWitness {
  return serialised({
    addCheckpoint: (body) => addCheckpoint(options, body),
    addRestore: (note) => addRestore(options, note),
  });
}

function serialised({ addCheckpoint: add, addRestore: keep }: RunningWitness): RunningWitness {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    addCheckpoint: (body) => inTurn(() => add(body)),
    addRestore: (note) => inTurn(() => keep(note)),
  };
}

async function addCheckpoint(options: WitnessOptions, body: Uint8Array): Promise<WitnessAnswer> {
  let request: ReturnType<typeof parseAddCheckpoint>;
  let origin: string;
  try {
    request = parseAddCheckpoint(fromUtf8(body));
    ({ origin } = parseCheckpointText(parseNote(request.note).text));
  } catch {
    return answer(400, "The request does not have the form that tlog-witness requires.\n");
  }
  const key = options.logs.find(({ name }) => name === origin);
  if (key === undefined) return answer(404, "This witness does not know the log.\n");
  let head: ReturnType<typeof openCheckpoint>;
  try {
    head = openCheckpoint(nodeChecks, request.note, key);
  } catch {
    return answer(403, "The checkpoint is not signed by the log's key.\n");
  }
  if (request.old > head.size)
    return answer(400, "The old size is larger than the checkpoint's.\n");
  const seen = await seenHead(options, key);
  let required: readonly TreeHead[];
  try {
    required = seen === undefined ? [NOTHING] : await requiredHeads(options, key, seen, head);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return sizeIs(seen?.size ?? 0);
  }
  const [{ size } = NOTHING] = required;
  // A request has one proof. The head from which a log continues must be submitted first.
  if (required.some((each) => each.size !== size)) return sizeIs(seen?.size ?? 0);
  if (request.old !== size) return sizeIs(size);
  try {
    for (const before of required)
      verifyConsistency(nodeChecks.sha256, before, head, request.proof);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    if (size === head.size && request.proof.length === 0) return sizeIs(size);
    return answer(422, "The consistency proof does not verify.\n");
  }
  const { text } = head.note;
  const cosigned = await cosign(options, text);
  // The note that is kept says when the witness saw this head first.
  if (seen?.note.text === text) return answer(200, cosigned);
  const signed = signatureBy(nodeChecks.sha256, head.note, key);
  // This witness does not vouch for the other signatures below the note.
  await options.store.put(origin, formatNote(text, signed ? [signed] : []) + cosigned);
  return answer(200, cosigned);
}

const NOTHING: TreeHead = { size: 0, root: new Uint8Array(HASH_BYTES) };

/**
 * Returns the heads that the new head must extend. A witness that knows no approvers accepts no
 * restore. It looks only at what the head holds, as if nothing were said about restores.
 * @throws LogError rolled_back, missing
 */
async function requiredHeads(
  { approvers, store }: WitnessOptions,
  key: NoteKey,
  seen: CosignedHead,
  head: Checkpoint,
): Promise<readonly TreeHead[]> {
  if (approvers.length === 0) return [seen];
  const { required, lostIn } = survivorAt(seen, head, await keptRestores(store, key));
  assertTimely(lostIn, seen.atMs);
  return required;
}

async function cosign({ name, signer, now }: WitnessOptions, text: string): Promise<string> {
  const timeS = Math.floor(now() / 1_000);
  const key: NoteKey = { name, type: KEY_TYPES.cosignature, publicKey: signer.publicKey };
  const signature = await signer.sign(cosignedBytes(text, timeS));
  return formatSignature(cosignature(nodeChecks.sha256, key, timeS, signature));
}
