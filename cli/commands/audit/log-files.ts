import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { CommandError } from "../../settings.ts";

const ANSWER_MS = 30_000;
/** A full bundle of the longest entries. */
const MOST_BYTES = 256 * 65_537;

/** One GET, with whatever shows who asks. */
type Get = (url: URL) => Promise<Response>;

const getOpenly: Get = (url) =>
  fetch(url, { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });

const isWebAddress = (place: string): boolean => /^https?:\/\//.test(place);

/**
 * A log's files in a folder or on a web server. @param place a path, or an http(s) or file URL
 */
export function logFiles(place: string, get: Get = getOpenly): LogSource {
  if (isWebAddress(place)) return webSource(place, get);
  return folderSource(place.startsWith("file://") ? fileURLToPath(place) : place);
}

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

function webSource(place: string, get: Get): LogSource {
  const prefix = place.endsWith("/") ? place : `${place}/`;
  return {
    async read(path) {
      const answer = await get(new URL(path, prefix));
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new CommandError(`${path}: the server answered ${answer.status}.`);
      if (Number(answer.headers.get("content-length") ?? 0) > MOST_BYTES)
        throw new CommandError(`${path}: the server's answer is too long.`);
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}
