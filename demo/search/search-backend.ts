import type { Backend } from "../backend/open-backend.ts";
import { Finds, type Find } from "./find.ts";
import { newControl, type Control } from "./plant-control.ts";
import { searchFiles } from "./search-files.ts";
import { searchTables } from "./search-tables.ts";
import { TextRuns } from "./text-runs.ts";

/** What a search of everything the server keeps came to. */
export interface SearchResult {
  readonly found: readonly Find[];
  /** Different runs that were looked for. */
  readonly runs: number;
  /** Runs not counted: they stood there before any of the texts was sent. */
  readonly known: readonly string[];
  readonly tableBytes: number;
  readonly fileBytes: number;
}

/** Looks for every run of some texts in a server's tables, files and log. */
export class BackendSearch {
  readonly #backend: Backend;
  readonly #control: Control = newControl();
  readonly #controlRuns: TextRuns;
  readonly #runs: TextRuns;
  #known: ReadonlySet<string> = new Set();

  constructor(backend: Backend, texts: readonly string[]) {
    this.#backend = backend;
    this.#controlRuns = new TextRuns([this.#control.text]);
    this.#runs = new TextRuns([...texts, this.#control.text]);
  }

  /** Before any text is sent: what is found now is the server's own vocabulary. */
  async before(): Promise<void> {
    const { administrator, home } = this.#backend;
    const finds = new Finds();
    await administrator.query("checkpoint");
    await searchTables(administrator, this.#runs, finds);
    await searchFiles(home, this.#runs, finds);
    this.#known = finds.runs;
  }

  /**
   * After all was sent: searches the tables, stops the server, and searches the files.
   * @throws Error when a planted text was not found: then the search is blind
   */
  async after(): Promise<SearchResult> {
    const { administrator, home } = this.#backend;
    const [inTables, inFiles] = [new Finds(), new Finds()];
    await this.#control.plant(administrator);
    const tableBytes = await searchTables(administrator, this.#runs, inTables);
    await this.#control.remove(administrator);
    await this.#backend.stop();
    const fileBytes = await searchFiles(home, this.#runs, inFiles);

    const planted = runsOf(this.#controlRuns, this.#control.text);
    for (const [where, finds] of Object.entries({ tables: inTables, files: inFiles }))
      if (![...planted].every((run) => finds.runs.has(run)))
        throw new Error(`The search is blind: it did not find in the ${where} what was planted.`);
    const expected = new Set([...planted, ...this.#known]);
    return {
      found: [...inTables.besides(expected), ...inFiles.besides(expected)],
      runs: this.#runs.size - planted.size,
      known: [...this.#known],
      tableBytes,
      fileBytes,
    };
  }
}

function runsOf(runs: TextRuns, text: string): ReadonlySet<string> {
  const found = new Set<string>();
  runs.search(Buffer.from(text), (run) => found.add(run));
  return found;
}
