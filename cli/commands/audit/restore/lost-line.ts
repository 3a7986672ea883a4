import type { RestoredLog } from "../../../../audit/verify/log-restore.ts";

/** Returns a sentence about the entries that one log lost. */
export function lostLine({ origin, published, continues }: RestoredLog): string {
  const lost = published.size - continues.size;
  return lost === 0
    ? `${origin}: no entries are lost. Its devices are told of the restore.`
    : `${origin}: entries ${continues.size} to ${published.size - 1} are lost (${lost} of ${published.size}).`;
}
