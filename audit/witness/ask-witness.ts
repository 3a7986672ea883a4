import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { toBase64 } from "../verify/base64.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { formatSignature, parseNote, signatureBy, type NoteKey } from "../verify/note.ts";
import { consistencyProof, type RangeRoot } from "../verify/proofs.ts";

/** A witness of others, C2SP tlog-witness. */
export interface Witness {
  readonly key: NoteKey;
  /** Where `/add-checkpoint` is asked for, without a slash at its end. */
  readonly url: string;
}

/** Why a witness did not cosign. "refused": it saw another history, or does not know the log. */
export type WitnessErrorCode = "unreachable" | "refused" | "wrong_cosignature";

export class WitnessError extends Error {
  override readonly name = "WitnessError";
  readonly code: WitnessErrorCode;
  constructor(code: WitnessErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const ANSWER_MS = 10_000;
const MOST_BYTES = 16 * 1024;

/**
 * Submits a signed head to a witness, with the proof that it extends what the witness saw last.
 * @param note the head, signed by the log
 * @param rootOver of the log's tree
 * @param seen the size that the witness is believed to have seen; when it says another, that one
 * @returns the cosignature, checked, as a line of the note
 * @throws WitnessError
 */
export async function askWitness(
  { key, url }: Witness,
  { note, head, rootOver }: { note: string; head: Checkpoint; rootOver: RangeRoot },
  seen: number,
): Promise<string> {
  const first = await post(url, await request(note, head.size, rootOver, seen));
  const said = first.status === 409 ? Number(first.text) : undefined;
  const answer =
    said === undefined || !Number.isSafeInteger(said) || said === seen || said > head.size
      ? first
      : await post(url, await request(note, head.size, rootOver, said));
  if (answer.status !== 200)
    throw new WitnessError("refused", `The witness ${key.name} answered ${answer.status}.`);
  const cosigned = parse(note + answer.text);
  const line = cosigned && signatureBy(nodeChecks.sha256, cosigned, key);
  if (!cosigned || !line || cosignedAt(nodeChecks, cosigned, key) === undefined)
    throw new WitnessError("wrong_cosignature", `The witness ${key.name} did not sign the head.`);
  return formatSignature(line);
}

function parse(note: string) {
  try {
    return parseNote(note);
  } catch {
    return undefined;
  }
}

async function request(note: string, size: number, rootOver: RangeRoot, old: number) {
  const proof = await consistencyProof(rootOver, Math.min(old, size), size);
  return utf8(`old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${note}`);
}

async function post(url: string, body: Uint8Array) {
  try {
    const answer = await fetch(`${url}/add-checkpoint`, {
      method: "POST",
      body,
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, text: fromUtf8(bytes.subarray(0, MOST_BYTES)) };
  } catch (cause) {
    throw new WitnessError("unreachable", `The witness at ${url} could not be reached.`, { cause });
  }
}
