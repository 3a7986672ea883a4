import { fileURLToPath } from "node:url";
import { BackendSearch } from "../../demo/search/search-backend.ts";
import type { System } from "./system.ts";

/** What a search found. */
export interface Searched {
  /** The number of different runs of 12 bytes that were found. */
  readonly found: number;
  /** The tables and files in which they are. */
  readonly places: readonly string[];
}

/** The folders of the server's own program. Its words are no find. */
const programs = ["crypto", "policies", "contract", "db", "audit", "keys", "identity", "messaging"]
  .concat(["workflows", "server", "cli"])
  .map((folder) => fileURLToPath(new URL(`../../../${folder}/`, import.meta.url)));

/** Searches everything that a server keeps for what people said. */
export class Search {
  readonly #search: BackendSearch;

  private constructor(search: BackendSearch) {
    this.#search = search;
  }

  /** Notes what the server keeps before anybody says anything. */
  static async begin(system: System, texts: readonly string[]): Promise<Search> {
    const search = new BackendSearch(system, texts, programs);
    await search.before();
    return new Search(search);
  }

  /** Searches tables, files and logs. It stops the server. */
  async end(): Promise<Searched> {
    const { found } = await this.#search.after();
    return {
      found: new Set(found.map(({ run }) => run)).size,
      places: [...new Set(found.map(({ place }) => place))],
    };
  }
}
