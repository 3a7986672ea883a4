import type { Proof } from "./prove-archive.ts";

/** Returns what a person reads of a proof. @param entries the verified entries of the audit log */
export const proofText = (proof: Proof, entries: number): string =>
  [
    `Compared ${proof.events} events of ${proof.conversations} conversations with ${entries} verified entries of the audit log.`,
    `Messages: ${proof.messages}, of which ${proof.withheld} are without content because nobody consented, and ${proof.unreadable} because the archiver's device could not open them.`,
    ...(proof.unproved === 0
      ? []
      : [`The audit log does not cover the last ${proof.unproved} events yet.`]),
    ...(proof.faults.length === 0
      ? ["The archive is complete and unaltered."]
      : proof.faults.map(
          ({ conversation, seq, code, text }) =>
            `${conversation}: event ${seq} is ${code}: ${text}.`,
        )),
  ].join("\n");
