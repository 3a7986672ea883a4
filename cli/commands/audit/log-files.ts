import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { concat } from "../../../crypto/wire/bytes.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { CommandError } from "../../settings.ts";
import { readProblem } from "./read-problem.ts";

const ANSWER_MS = 30_000;
/** The size of a full bundle of the longest entries. */
const MOST_BYTES = 256 * 65_537;

/** One GET request, with the credentials that it needs. */
type Get = (url: URL) => Promise<Response>;

const getOpenly: Get = (url) =>
  fetch(url, { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });

const isWebAddress = (place: string): boolean => /^https?:\/\//.test(place);

/**
 * Returns the files of a log, in a folder or on a web server. @param place a path, or an http(s) or
 * file URL
 */
export function logFiles(place: string, get: Get = getOpenly): LogSource {
  if (isWebAddress(place)) return webSource(place, get);
  return folderSource(place.startsWith("file://") ? fileURLToPath(place) : place);
}

function folderSource(folder: string): LogSource {
  return {
    read: (path) => readWhole(join(folder, path), path),
    async *list() {
      const root = join(folder, "tile");
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries)
        if (!entry.isDirectory())
          yield relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/");
    },
  };
}

/**
 * Reads a whole file. The party that is checked supplies it, so a device, a pipe or an endless file
 * must not block the caller.
 * @param path how errors name the file
 * @returns undefined if there is no such file. @throws LogError malformed
 */
export async function readWhole(
  place: string,
  path: string,
  mostBytes = MOST_BYTES,
): Promise<Uint8Array | undefined> {
  const file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? ""))
        return undefined;
      throw error;
    },
  );
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new LogError("malformed", path, "is not a file.");
    if (status.size > mostBytes) throw tooLong(path, mostBytes);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

const tooLong = (path: string, mostBytes: number): LogError =>
  new LogError("malformed", path, `is longer than ${mostBytes} bytes.`);

/** A server that reads the log found that its database is not what was signed. */
export class LogRefused extends Error {
  override readonly name = "LogRefused";
}

/** The codes with which a server says so. */
const FAULTS = [
  "audit_log_altered",
  "audit_log_behind",
  "audit_log_inconsistent",
  "audit_checkpoint_invalid",
];

async function refusalOf(path: string, answer: Response): Promise<Error> {
  const problem = await readProblem(answer);
  const text = `${path}: the server answered ${answer.status}.`;
  if (problem !== undefined && FAULTS.includes(problem.code))
    return new LogRefused(`${text} ${problem.code}: ${problem.detail}`);
  return new CommandError(text);
}

function webSource(place: string, get: Get): LogSource {
  const prefix = place.endsWith("/") ? place : `${place}/`;
  return {
    async read(path) {
      const answer = await get(new URL(path, prefix));
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw await refusalOf(path, answer);
      const parts: Uint8Array[] = [];
      let length = 0;
      // Counts the bytes as they arrive, because neither a declared nor a compressed length is a
      // limit.
      const body: AsyncIterable<Uint8Array> | undefined = answer.body ?? undefined;
      for await (const part of body ?? []) {
        length += part.length;
        if (length > MOST_BYTES) throw tooLong(path, MOST_BYTES);
        parts.push(part);
      }
      return concat(...parts);
    },
  };
}
