import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export const botTexts = {
  greeting: "Hello. I am a program of the clinic. What is it about?",
  urgent: "This may be an emergency. Call 112 now. A person takes over here.",
  handOver: "A person takes over here.",
  nobodyHere: "Nobody of the staff is here yet.",
};

const days = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
  "today",
];
const examples = days.flatMap((day) => [
  ["hours", `When are you open on ${day}?`],
  ["hours", `What are your opening hours on ${day}?`],
  ["parking", `Where can I park my car on ${day}?`],
  ["parking", `Is there a parking space near you on ${day}?`],
  ["complaint", `I want to complain about the invoice of ${day}`],
  ["complaint", `The invoice that came on ${day} is wrong`],
]);

/** Writes a bot's configuration, with changes. @returns the path of the configuration */
export async function writeBotConfig(folder: string, changes: object = {}): Promise<string> {
  const path = join(folder, "bot.json");
  const rows = examples.map(([category, text]) => `${category},${text}\n`);
  await writeFile(join(folder, "examples.csv"), `category,text\n${rows.join("")}`);
  await writeFile(
    join(folder, "answers.csv"),
    "category,answer\nhours,We are open from 9 to 17.\nparking,Park behind the house.\n",
  );
  const files = { examples: "examples.csv", answers: "answers.csv" };
  await writeFile(path, JSON.stringify({ version: 1, texts: botTexts, ...files, ...changes }));
  return path;
}
