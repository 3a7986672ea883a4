import { z } from "zod";
import { CommandError } from "../settings.ts";

/** A day, which begins at midnight UTC, or a time with its zone: RFC 3339. */
const timeSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/**
 * Reads a time in milliseconds since the Unix epoch. It is the same on every computer.
 * @throws CommandError if there is no such day, or if a time has no zone
 */
export function timeOf(text: string): number;
export function timeOf(text: string | undefined): number | undefined;
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!timeSchema.safeParse(text).success)
    throw new CommandError(
      "Write a time as 2026-01-31, 2026-01-31T12:00:00Z or 2026-01-31T14:00:00+02:00.",
    );
  return Date.parse(text);
}

/** Returns the day of a time in UTC, such as 2026-01-31. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
