import { concat, fromUtf8 } from "../../crypto/wire/bytes.ts";
import { WitnessError } from "./witness-error.ts";

const ANSWER_MS = 10_000;
/** Longer than a note with the largest number of signatures. */
const MOST_BYTES = 16 * 1024;

/**
 * Sends one request to a witness. Because anybody may run a witness, time and length of the answer
 * are limited.
 * @throws WitnessError unreachable
 */
export async function requestWitness(
  url: string,
  body: Uint8Array | undefined,
  ending?: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      ...(body && { body }),
      redirect: "error",
      signal: ending === undefined ? limit : AbortSignal.any([limit, ending]),
    });
    const parts: Uint8Array[] = [];
    let length = 0;
    const stream: AsyncIterable<Uint8Array> | undefined = answer.body ?? undefined;
    for await (const part of stream ?? []) {
      length += part.length;
      if (length > MOST_BYTES) throw new RangeError("The answer is too long.");
      parts.push(part);
    }
    return { status: answer.status, text: fromUtf8(concat(...parts)) };
  } catch (cause) {
    throw new WitnessError("unreachable", `The witness at ${url} could not be reached.`, { cause });
  }
}
