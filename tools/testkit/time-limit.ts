/**
 * Waits for `work` for a limited time.
 * @param what names who does what, for the error
 * @throws Error with that text, if it fails or takes longer than `limitMs`
 */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took over ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what} failed: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
