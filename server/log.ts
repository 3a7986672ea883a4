import winston from "winston";
import { DatabaseError } from "../db/database-error.ts";
import { redact } from "./redact.ts";

/** Writes one JSON object a line. Never given content, tokens, names or addresses. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  warn(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  error(message: string, fields?: Readonly<Record<string, LogValue>>): void;
}
type LogValue = string | number | boolean | undefined;

/**
 * A second net below the rule that nothing personal is handed to the log in the first place. Stands
 * before the timestamp, which is nobody's. Replaces in place, as winston keeps symbols in an entry.
 */
const redacting = winston.format((entry) => {
  for (const [name, value] of Object.entries(entry)) entry[name] = redact(value);
  return entry;
});

/** A log to standard output, or to `stream`. */
export function createLog(level: string, stream?: NodeJS.WritableStream): Log {
  return winston.createLogger({
    level,
    format: winston.format.combine(redacting(), winston.format.timestamp(), winston.format.json()),
    transports: [
      stream === undefined
        ? new winston.transports.Console()
        : new winston.transports.Stream({ stream }),
    ],
  });
}

/**
 * What may be said of an error: its name, code and where it arose. Not its message, which may
 * quote what somebody sent.
 */
export function describeError(error: unknown): Record<string, LogValue> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as { code?: unknown };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const told: Record<string, LogValue> = {
    error: error.name,
    errorCode: typeof code === "string" ? code : undefined,
    at: frames
      .slice(0, 8)
      .map((line) => line.trim())
      .join("; "),
  };
  // A database error's message is ours, and its cause is what an operator needs.
  if (error instanceof DatabaseError) told["reason"] = error.message;
  const cause: unknown = error.cause;
  if (cause instanceof Error) {
    const causeCode = (cause as { code?: unknown }).code;
    told["cause"] = cause.name;
    told["causeCode"] = typeof causeCode === "string" ? causeCode : undefined;
  }
  return told;
}
