import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";

/** The text of one person. It is sent as one message. */
export interface Line {
  /** The name in the file: `Doctor`, `Patient`, `Guest_family_2`. */
  readonly speaker: string;
  readonly text: string;
}

export interface Dialogue {
  /** Its place in the file, starting at 1. */
  readonly number: number;
  readonly lines: readonly Line[];
}

/** The speaker of a dialogue whose first line names no speaker. */
export const customer = "Patient";

const label = /^\s*"?([A-Z][A-Za-z]*(?:_[a-z]+)?(?:_?\d+)?): ?/;

/**
 * Returns the dialogues in the column `dialogue` of a CSV file, one line for each message.
 * @param limit the largest number of dialogues
 * @throws Error if the file cannot be read or has no such column
 */
export async function readDialogues(
  file: string,
  limit: number | undefined,
): Promise<readonly Dialogue[]> {
  const rows: readonly Row[] = parse(await readFile(file), { columns: true, bom: true });
  return rows.slice(0, limit).map(({ dialogue }, index) => {
    if (dialogue === undefined) throw new Error(`${file} has no column named dialogue.`);
    return { number: index + 1, lines: readLines(dialogue) };
  });
}

type Row = Readonly<Record<string, string>>;

/**
 * Returns each line that is not blank, byte for byte after its speaker's name and the space behind
 * the colon. A line without a name is the previous speaker's next message.
 */
export function readLines(dialogue: string): readonly Line[] {
  const lines: Line[] = [];
  let speaker = customer;
  for (const line of dialogue.split(/\r\n|\r|\n/)) {
    const named = label.exec(line);
    speaker = named?.[1] ?? speaker;
    const text = line.slice(named?.[0].length ?? 0);
    if (text.trim() !== "") lines.push({ speaker, text });
  }
  return lines;
}
