import { InvalidArgumentError } from "commander";
import {
  MOST_PURPOSES,
  purposePattern,
  purposeReads,
  type PurposeRead,
} from "../../policies/purpose-of-use.ts";

const isRead = (word: string): word is PurposeRead => Object.hasOwn(purposeReads, word);

/** Parses the reads for which a purpose must be stated. @throws InvalidArgumentError */
export function purposeReadsOf(text: string): readonly PurposeRead[] {
  if (text === "none") return [];
  const words = [...new Set(text.split(","))];
  const reads = words.filter(isRead);
  if (reads.length < words.length)
    throw new InvalidArgumentError(`Write none, or of ${Object.keys(purposeReads).join(", ")}.`);
  return reads;
}

/** Parses a tenant's own codes of purpose of use. @throws InvalidArgumentError */
export function purposeCodesOf(text: string): readonly string[] {
  const codes = [...new Set(text.split(","))];
  if (codes.length > MOST_PURPOSES || codes.some((code) => !purposePattern.test(code)))
    throw new InvalidArgumentError(
      `Write at most ${MOST_PURPOSES} codes of 2 to 32 capitals, digits and _, such as CLAIMS_REVIEW.`,
    );
  return codes;
}
