import { createInterface } from "node:readline/promises";
import { readPassword } from "../../read-password.ts";
import { CommandError } from "../../settings.ts";

/** Asks a person. Questions go to standard error, as the output is for results. */
export interface Terminal {
  /** @param standard the answer if none is typed */
  ask(question: string, standard?: string): Promise<string>;
  /** Does not show what is typed. */
  askSecretly(question: string): Promise<string>;
  say(text: string): void;
}

/** @throws CommandError if nobody is there to answer */
export function openTerminal(): Terminal {
  if (!process.stdin.isTTY)
    throw new CommandError(
      "Standard input is not a terminal. Write the answers into a file and run sealdesk setup --from FILE.",
    );
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  return {
    async ask(question, standard) {
      const prompt = `${question}${(standard ?? "") === "" ? "" : ` [${standard}]`}: `;
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        const typed = (await lines.question(prompt)).trim();
        return typed === "" && standard !== undefined ? standard : typed;
      } finally {
        lines.close();
      }
    },
    async askSecretly(question) {
      say(question);
      return (await readPassword("known")).reveal();
    },
    say,
  };
}
