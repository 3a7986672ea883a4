import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type pg from "pg";
import type { Backend } from "../backend/open-backend.ts";
import { Finds, searchStream, type Find } from "./find.ts";
import { searchTables } from "./search-tables.ts";
import { runsOf, TextRuns } from "./text-runs.ts";

/** The result of searching everything that the server keeps. */
export interface SearchResult {
  readonly found: readonly Find[];
  /** The number of different runs that were searched for. */
  readonly runs: number;
  /** Finds that are not counted, because no text of a dialogue can be their origin. */
  readonly known: readonly Find[];
  readonly tableBytes: number;
  readonly fileBytes: number;
}

const postgresLog = join("postgres", "server.log");

/** What a search needs of a backend. */
type Searched = Pick<Backend, "administrator" | "home" | "stop">;

/** Searches a server's tables, files and log for every run of some texts. */
export class BackendSearch {
  readonly #backend: Searched;
  readonly #programs: readonly string[];
  readonly #control: Control = newControl();
  readonly #runs: TextRuns;
  #tablesBefore = new Finds();
  #filesBefore = new Finds();
  #postgresWords = new Finds();

  /** @param programs folders with the server's own program, whose words are not counted */
  constructor(backend: Searched, texts: readonly string[], programs: readonly string[] = []) {
    this.#backend = backend;
    this.#programs = programs;
    this.#runs = new TextRuns([...texts, this.#control.text]);
  }

  /**
   * Notes the server's own words. Call this before any text is sent. The contents of tables and
   * files now are the server's own words. The PostgreSQL program contains the words of its log.
   */
  async before(): Promise<void> {
    const { administrator, home } = this.#backend;
    await administrator.query("checkpoint");
    await searchTables(administrator, this.#runs, this.#tablesBefore);
    await searchFiles(home, this.#runs, this.#filesBefore);
    for (const program of this.#programs)
      for (const finds of [this.#tablesBefore, this.#filesBefore])
        await searchFiles(program, this.#runs, finds);
    const program = createReadStream(await postgresProgram(administrator));
    await searchStream(program, this.#runs, (run) => this.#postgresWords.add(run, postgresLog));
  }

  /**
   * Call this after everything was sent. It searches the tables, stops the server and searches the
   * files.
   * @throws Error if a planted text was not found, because the search is then blind
   */
  async after(): Promise<SearchResult> {
    const { administrator, home } = this.#backend;
    const [inTables, inFiles] = [new Finds(), new Finds()];
    await this.#control.plant(administrator);
    const tableBytes = await searchTables(administrator, this.#runs, inTables);
    await this.#control.remove(administrator);
    await this.#backend.stop();
    const fileBytes = await searchFiles(home, this.#runs, inFiles);

    const planted = new Set(runsOf(this.#control.text));
    for (const [where, finds] of Object.entries({ tables: inTables, files: inFiles }))
      if (![...planted].every((run) => finds.has(run)))
        throw new Error(`The search is blind: it did not find the planted text in the ${where}.`);
    const isKnownInFiles = ({ run, place }: Find) =>
      this.#filesBefore.has(run) || (place === postgresLog && this.#postgresWords.has(run));
    const tables = split(inTables, planted, ({ run }) => this.#tablesBefore.has(run));
    const files = split(inFiles, planted, isKnownInFiles);
    return {
      found: [...tables.found, ...files.found],
      runs: this.#runs.size - planted.size,
      known: [...tables.known, ...files.known],
      tableBytes,
      fileBytes,
    };
  }
}

function split(finds: Finds, planted: ReadonlySet<string>, isKnown: (find: Find) => boolean) {
  const all = finds.list().filter(({ run }) => !planted.has(run));
  return { found: all.filter((find) => !isKnown(find)), known: all.filter(isKnown) };
}

async function postgresProgram(administrator: pg.Client): Promise<string> {
  const { rows } = await administrator.query<{ setting: string }>(
    "select setting from pg_config where name = 'BINDIR'",
  );
  return join(rows[0]?.setting ?? "", process.platform === "win32" ? "postgres.exe" : "postgres");
}

/** A text that a search must find. Otherwise the search could find nothing at all. */
interface Control {
  readonly text: string;
  /** Writes it into its own table. */
  plant(administrator: pg.Client): Promise<void>;
  /** Drops the table. Its traces stay on disk. */
  remove(administrator: pg.Client): Promise<void>;
}

function newControl(): Control {
  const text = `control ${randomBytes(24).toString("base64url")}`;
  return {
    text,
    async plant(administrator) {
      await administrator.query("create table public.demo_control (text text)");
      await administrator.query("insert into public.demo_control values ($1)", [text]);
      await administrator.query("checkpoint");
    },
    remove: async (administrator) =>
      void (await administrator.query("drop table public.demo_control")),
  };
}

/**
 * Reads every file below a folder. For a PostgreSQL folder these are the tables as stored on disk,
 * deleted rows, and the write-ahead log.
 * @returns how many bytes were read
 */
async function searchFiles(folder: string, runs: TextRuns, finds: Finds): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let total = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const place = relative(folder, path);
    total += await searchStream(bytesOf(path), runs, (run) => finds.add(run, place));
  }
  return total;
}

/** Yields a file's bytes, or none if PostgreSQL has removed it meanwhile. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    const content: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024 });
    yield* content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
