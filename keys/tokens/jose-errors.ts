/** The code of an error raised by jose, else undefined. By code, since realms part its classes. */
export function joseCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code.startsWith("ERR_J") ? code : undefined;
}
