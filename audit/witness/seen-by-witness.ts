import { hash } from "node:crypto";
import type { Witness } from "./ask-witness.ts";
import { requestWitness } from "./witness-http.ts";

/**
 * Returns the path, below a witness's monitoring prefix, of the checkpoint that it cosigned last
 * for a log.
 */
export const seenPath = (origin: string): string => `/${hash("sha256", origin)}/checkpoint`;

/**
 * Returns the checkpoint that a witness says it cosigned last. It is not checked.
 * @returns undefined if the witness answers with another status than 200
 * @throws WitnessError unreachable
 */
export async function seenByWitness(
  { url }: Witness,
  origin: string,
  ending?: AbortSignal,
): Promise<string | undefined> {
  const { status, text } = await requestWitness(`${url}${seenPath(origin)}`, undefined, ending);
  return status === 200 ? text : undefined;
}
