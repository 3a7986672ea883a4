import { randomBytes } from "node:crypto";
import { planOf, type Plan } from "./plan.ts";
import { customer } from "./read-dialogues.ts";

const lineCount = 16;

/**
 * Returns a conversation of random text with every event that occurs in the others. What the
 * database, its log files and the server's log hold afterwards is their own vocabulary and does not
 * come from any dialogue.
 */
export function rehearsal(): Plan {
  const lines = Array.from({ length: lineCount }, (_, index) => ({
    speaker: index % 2 === 0 ? "Doctor" : customer,
    text: randomBytes(45).toString("base64url"),
  }));
  // Number 0 is handed over in the middle, like every tenth one.
  return planOf({ number: 0, lines });
}
