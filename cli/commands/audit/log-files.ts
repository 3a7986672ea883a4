import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { CommandError } from "../../settings.ts";

const ANSWER_MS = 30_000;
/** A full bundle of the longest entries. */
const MOST_BYTES = 256 * 65_537;

/** A log's files in a folder or on a web server. @param place a path, or an http(s) URL */
export const logFiles = (place: string): LogSource =>
  /^https?:\/\//.test(place) ? webSource(place) : folderSource(place);

function folderSource(folder: string): LogSource {
  return {
    read: (path) =>
      readFile(join(folder, path)).catch((error: unknown) => {
        if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? ""))
          return undefined;
        throw error;
      }),
    async *list() {
      const root = join(folder, "tile");
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries)
        if (!entry.isDirectory())
          yield relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/");
    },
  };
}

function webSource(place: string): LogSource {
  const prefix = place.endsWith("/") ? place : `${place}/`;
  return {
    async read(path) {
      const answer = await fetch(new URL(path, prefix), {
        redirect: "error",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new CommandError(`${path}: the server answered ${answer.status}.`);
      if (Number(answer.headers.get("content-length") ?? 0) > MOST_BYTES)
        throw new CommandError(`${path}: the server's answer is too long.`);
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}
