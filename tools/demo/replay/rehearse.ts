import { randomBytes } from "node:crypto";
import { planOf, type Plan } from "./plan.ts";
import { customer } from "./read-dialogues.ts";

const lineCount = 16;

/**
 * A conversation that says nothing: random text, with everything happening in it that happens in
 * the others. What the database, its log files and the server's log hold after it is their own
 * vocabulary, and not from any dialogue.
 */
export function rehearsal(): Plan {
  const lines = Array.from({ length: lineCount }, (_, index) => ({
    speaker: index % 2 === 0 ? "Doctor" : customer,
    text: randomBytes(45).toString("base64url"),
  }));
  // Number 0 is handed over in the middle, as every tenth is.
  return planOf({ number: 0, lines });
}
