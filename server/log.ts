import winston from "winston";
import { DatabaseError } from "../db/database-error.ts";
import { AuditError } from "../audit/audit-error.ts";
import { SinkError } from "../audit/sinks/sink-error.ts";
import { KeysError } from "../keys/keys-error.ts";
import { redact } from "./redact.ts";

/** Writes one JSON object per line. Never pass it content, tokens, names or addresses. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  warn(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  error(message: string, fields?: Readonly<Record<string, LogValue>>): void;
}
type LogValue = string | number | boolean | undefined;

/**
 * A second safety net: callers must not pass personal data in the first place. Runs before the
 * timestamp is added. Replaces values in place, because winston keeps symbols in an entry.
 */
const redacting = winston.format((entry) => {
  for (const [name, value] of Object.entries(entry)) entry[name] = redact(value);
  return entry;
});

/** Creates a log that writes to `stream`. The stream must not fail. */
export function createLog(level: string, stream: NodeJS.WritableStream): Log {
  return winston.createLogger({
    level,
    format: winston.format.combine(redacting(), winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream })],
  });
}

/** Errors whose messages are our own, and say what an operator must know and do. */
const explained = [DatabaseError, AuditError, SinkError, KeysError] as const;

/**
 * Returns what may be logged about an error: its name, its code and where it was thrown. The
 * message is left out, because it may quote input.
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
  if (explained.some((kind) => error instanceof kind)) told["reason"] = error.message;
  const cause: unknown = error.cause;
  if (cause instanceof Error) {
    const causeCode = (cause as { code?: unknown }).code;
    told["cause"] = cause.name;
    told["causeCode"] = typeof causeCode === "string" ? causeCode : undefined;
  }
  return told;
}
