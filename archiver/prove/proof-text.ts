import type { Proof } from "./prove-archive.ts";
import type { RecordedHeads } from "./recorded-heads.ts";

/** Returns what a person reads of a proof. @param recorded the verified audit log */
export const proofText = (
  proof: Proof,
  { entries, untilMs }: Pick<RecordedHeads, "entries" | "untilMs">,
): string =>
  [
    `The archive of the account ${proof.archiver}.`,
    `Compared ${proof.events} events of ${proof.conversations} conversations with ${entries} verified entries of the audit log, which ends at ${new Date(untilMs).toISOString()}.`,
    `Messages: ${proof.messages}, of which ${proof.withheld} are without content because nobody consented, and ${proof.unreadable} because the archiver's device could not open them.`,
    `Files: ${proof.files + proof.lackingFiles}, of which ${proof.lackingFiles} are lacking because the archiver's device could not get them.`,
    ...(proof.withheld + proof.unreadable + proof.lackingFiles === 0
      ? []
      : ["Only the archive says why content is lacking. Nothing proves it."]),
    ...proof.ends.map(
      ({ conversation, provedTo, archivedTo }) =>
        `${conversation}: nothing proves the events ${provedTo + 1} to ${archivedTo}, because the audit log covers events up to ${provedTo}. Export the audit log again.`,
    ),
    ...proof.faults.map(
      ({ conversation, seq, code, text }) => `${conversation}: event ${seq} is ${code}: ${text}.`,
    ),
    conclusion(proof),
  ].join("\n");

const conclusion = ({ complete, withheld, faults, unproved }: Proof): string => {
  if (faults.length > 0) return "The archive is not complete and unaltered.";
  if (complete && withheld === 0)
    return "The archive is complete and unaltered, up to the end of the audit log.";
  if (complete)
    return "The archive is complete and unaltered, up to the end of the audit log, but for the content of the messages without a consent.";
  return unproved > 0
    ? "The archive is unaltered up to the events that the audit log covers. The rest is not proved."
    : "The archive has all events, unaltered. It is not complete, because content is lacking.";
};
