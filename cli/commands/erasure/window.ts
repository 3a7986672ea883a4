import { HOUR_MS, MOST_WINDOW_HOURS } from "../../../policies/erasure-window.ts";
import { CommandError } from "../../settings.ts";

/**
 * Returns the window in which the plan of an erasure can be contested, in milliseconds; undefined if the option is not given.
 * @throws CommandError
 */
export function windowOf(hours: string | undefined): number | undefined {
  if (hours === undefined) return undefined;
  if (!/^\d{1,3}$/.test(hours) || Number(hours) > MOST_WINDOW_HOURS)
    throw new CommandError(`--window-hours takes a number from 0 to ${MOST_WINDOW_HOURS}.`);
  return Number(hours) * HOUR_MS;
}
