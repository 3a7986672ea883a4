import type { Dialogue } from "../../demo/replay/read-dialogues.ts";

/** Conversations of invented people, for a run without a file. */
export const sampleDialogues: readonly Dialogue[] = [
  dialogue(1, [
    [
      "Patient",
      "Hello, this is Maya Lindqvist. My card was charged twice for the train to Uppsala.",
    ],
    ["Agent", "Sorry to hear that. What are the last four digits of the card, please?"],
    ["Patient", "They are 4021. You can write to maya.lindqvist@example.org as well."],
    ["Agent", "I see both charges of 38.50 on Tuesday. The second one is refunded just now."],
    ["Patient", "Thank you very much! When will it be on my account?"],
    ["Agent", "Within three working days. Is there anything else that I can do for you?"],
  ]),
  dialogue(2, [
    ["Patient", "I moved to Kungsgatan 14 in Stockholm last week, please change my address."],
    ["Agent", "Of course. From which day on should letters go to the new address?"],
    ["Patient", "From the first of March. My telephone number stays +46 70 123 45 67."],
    ["Agent", "It is changed. You will get a letter that confirms it."],
  ]),
  dialogue(3, [
    ["Patient", "I was told that my policy does not cover the operation on my left knee."],
    ["Agent", "I am sorry. I will ask a colleague who decides about such cases to look at it."],
    ["Patient", "Doctor Okonkwo at the Northern Hospital wrote the letter of referral."],
    ["Agent", "Thank you, with that letter we can open the case again."],
  ]),
];

function dialogue(number: number, lines: readonly (readonly [string, string])[]): Dialogue {
  return { number, lines: lines.map(([speaker, text]) => ({ speaker, text })) };
}
