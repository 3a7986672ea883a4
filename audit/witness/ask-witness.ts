import { utf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { toBase64 } from "../verify/base64.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { parseNote, signatureBy, type NoteKey, type NoteSignature } from "../verify/note.ts";
import { consistencyProof, type RangeRoot } from "../verify/proofs.ts";
import { WitnessError } from "./witness-error.ts";
import { requestWitness } from "./witness-http.ts";

/** A C2SP tlog-witness. */
export interface Witness {
  readonly key: NoteKey;
  /** The submission and monitoring prefix, without a slash at the end. */
  readonly url: string;
}

/** A signed head and what proves that it extends earlier ones. */
export interface SubmittedHead {
  readonly note: string;
  readonly head: Checkpoint;
  readonly rootOver: RangeRoot;
}

/**
 * The number of times that a witness may correct the size. Others may submit heads of the log too.
 */
const MOST_CORRECTIONS = 3;

/**
 * Submits a signed head to a witness, with the proof that it extends what the witness saw last.
 * @param seen the size that the witness is believed to have seen; the witness may correct it
 * @param ending aborts the request
 * @returns the checked cosignature
 * @throws WitnessError
 */
export async function askWitness(
  witness: Witness,
  submitted: SubmittedHead,
  seen: number,
  ending?: AbortSignal,
): Promise<NoteSignature> {
  const submit = async (old: number) =>
    requestWitness(`${witness.url}/add-checkpoint`, await request(submitted, old), ending);
  let answer = await submit(seen);
  for (let old = seen, corrections = 0; corrections < MOST_CORRECTIONS; corrections++) {
    const said = sizeIn(answer);
    if (said === undefined || said === old || said > submitted.head.size) break;
    answer = await submit((old = said));
  }
  if (answer.status !== 200) throw refusal(witness, answer);
  const cosignature = cosignatureIn(witness, submitted.note, answer.text);
  if (cosignature === undefined)
    throw new WitnessError(
      "wrong_cosignature",
      `The witness ${witness.key.name} did not sign the head.`,
    );
  return cosignature;
}

type Answer = Awaited<ReturnType<typeof requestWitness>>;

/** Returns the size that a witness says it saw. */
function sizeIn({ status, text }: Answer): number | undefined {
  const said = status === 409 ? /^(0|[1-9]\d{0,15})\n?$/.exec(text)?.[1] : undefined;
  return said === undefined || !Number.isSafeInteger(Number(said)) ? undefined : Number(said);
}

function refusal({ key }: Witness, answer: Answer): WitnessError {
  const { status } = answer;
  const message = `The witness ${key.name} answered ${status}.`;
  if (status === 404) return new WitnessError("unknown_log", message);
  if (status === 409 || status === 422)
    return new WitnessError("disagrees", message, { seen: sizeIn(answer) });
  if (status === 429 || status >= 500) return new WitnessError("unreachable", message);
  return new WitnessError("refused", message);
}

/**
 * Returns the cosignature in the witness's answer. Signatures that are already below the note do
 * not count.
 */
function cosignatureIn({ key }: Witness, note: string, lines: string): NoteSignature | undefined {
  const { text } = parseNote(note);
  try {
    const cosigned = parseNote(`${text}\n${lines}`);
    // If the answer continued the text, its signature would be over something else.
    if (cosigned.text !== text || cosignedAt(nodeChecks, cosigned, key) === undefined)
      return undefined;
    return signatureBy(nodeChecks.sha256, cosigned, key);
  } catch {
    return undefined;
  }
}

async function request({ note, head: { size }, rootOver }: SubmittedHead, old: number) {
  const proof = await consistencyProof(rootOver, Math.min(old, size), size);
  return utf8(`old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${note}`);
}
