import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { formatLine, parseLine, type Journal, type JournalLine } from "./journal-line.ts";

/** Writes one line with one system call, so a kill leaves the whole line or nothing. */
export function writeLine(file: string, line: JournalLine): void {
  appendFileSync(file, `${formatLine(line)}\n`);
}

/** Returns the journal in `file`, or an empty one if there is no such file yet. */
export async function readJournal(file: string): Promise<Journal> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  return journalOf(
    text
      .split("\n")
      .filter((line) => line !== "")
      .map(parseLine),
  );
}

export function journalOf(lines: readonly JournalLine[]): Journal {
  const of = <K extends JournalLine["kind"]>(kind: K) =>
    lines.filter((line): line is Extract<JournalLine, { kind: K }> => line.kind === kind);
  const [first] = of("device");
  const problems = new Map(of("problem").map((line) => [`${line.seq} ${line.code}`, line]));
  return {
    ...(first !== undefined && { device: first.device }),
    accepted: of("accepted"),
    received: of("received"),
    problems: [...problems.values()],
    refusals: of("refused").map(({ code }) => code),
    met: of("met").length > 0,
    saidGoodbye: of("goodbye").length > 0,
  };
}
