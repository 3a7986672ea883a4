import { STATUS_CODES } from "node:http";
import { problemOf } from "./problems.ts";

const RETRY_LATER_SECONDS = 5;

/** An error that `problemOf` knows. */
export type Refusal = Error & { readonly retryAfterSeconds?: number | undefined };

/**
 * Returns a whole HTTP answer with the problem of `error`, for a connection that has no response
 * object: one that asks for an upgrade, or whose request cannot be parsed. The connection must be
 * closed after it.
 */
export function rawProblem(error: Refusal, headers: Readonly<Record<string, string>> = {}): string {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  const all = {
    Connection: "close",
    "Cache-Control": "no-store",
    "Content-Type": "application/problem+json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...(problem.action === "wait" && {
      "Retry-After": String(error.retryAfterSeconds ?? RETRY_LATER_SECONDS),
    }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status } = problem;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`;
}
