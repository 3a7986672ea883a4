const LONGEST = 320;

/**
 * Returns the action of one of our entries without parsing the rest, because most entries say nothing about
 * what is compared. Canonical JSON begins with it.
 * @returns undefined for other bytes
 */
export function actionOf(bytes: Uint8Array): string | undefined {
  return /^\{"action":"([a-z_.]+)"/.exec(beginningOf(bytes))?.[1];
}

/** Returns the id of the API key that acted, in the same way. Undefined if none did. */
export function actingKeyOf(bytes: Uint8Array): string | undefined {
  return /^\{"action":"[a-z_.]+","actor":\{"id":"api-key ([^"]+)"/.exec(beginningOf(bytes))?.[1];
}

/** Returns whether a customer acted, in the same way. */
export function isByCustomer(bytes: Uint8Array): boolean {
  return /^\{"action":"[a-z_.]+","actor":\{[^}]*"role":"customer"/.test(beginningOf(bytes));
}

const beginningOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, LONGEST)).toString("latin1");
