import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";

/** What one person says, as it is sent: one message. */
export interface Line {
  /** As the file names them: `Doctor`, `Patient`, `Guest_family_2`. */
  readonly speaker: string;
  readonly text: string;
}

export interface Dialogue {
  /** Its place in the file, from 1. */
  readonly number: number;
  readonly lines: readonly Line[];
}

/** Who speaks where a dialogue begins with a line that does not say. */
export const customer = "Patient";

const label = /^\s*"?([A-Z][A-Za-z]*(?:_[a-z]+)?(?:_?\d+)?): ?/;

/**
 * The dialogues of a CSV file's column `dialogue`, one line per message.
 * @param limit at most so many
 * @throws Error when the file cannot be read or has no such column
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
 * Each line that is not blank, byte for byte after its speaker's name and the space behind the
 * colon. A line without a name is its previous speaker's next message.
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
