/**
 * Returns the code of an error that jose threw, or undefined for other errors. It compares codes
 * because `instanceof` fails across realms.
 */
export function joseCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code.startsWith("ERR_J") ? code : undefined;
}
