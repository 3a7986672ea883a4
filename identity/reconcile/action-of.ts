const LONGEST = 80;

/**
 * Returns the action of one of our entries without parsing the rest, because most entries say nothing about
 * what is compared. Canonical JSON begins with it.
 * @returns undefined for other bytes
 */
export function actionOf(bytes: Uint8Array): string | undefined {
  const beginning = Buffer.from(bytes.subarray(0, LONGEST)).toString("latin1");
  return /^\{"action":"([a-z_.]+)"/.exec(beginning)?.[1];
}
