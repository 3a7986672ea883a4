import { fileURLToPath } from "node:url";
import { concat } from "../../../crypto/wire/bytes.ts";
import { logFolder, mostLogFileBytes, tooLong } from "../../../audit/log-folder.ts";
import type { LogSource } from "../../../audit/verify/log-source.ts";
import { CommandError } from "../../settings.ts";
import { readProblem } from "./read-problem.ts";

const ANSWER_MS = 30_000;

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
  return logFolder(place.startsWith("file://") ? fileURLToPath(place) : place);
}

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
        if (length > mostLogFileBytes) throw tooLong(path, mostLogFileBytes);
        parts.push(part);
      }
      return concat(...parts);
    },
  };
}
