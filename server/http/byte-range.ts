import type { ByteRange } from "../../messaging/attachments/stores/blob-store.ts";

/**
 * Parses a Range header for a body of `size` bytes (RFC 9110 section 14.2). A header with several
 * ranges, another unit or a syntax error selects the whole body, as the section allows.
 * @returns "unsatisfiable" when the range lies outside the body
 */
export function byteRange(
  header: string | undefined,
  size: number,
): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { from: size - length, until: size };
  }
  const from = Number(first);
  if (last !== "" && Number(last) < from) return "whole";
  if (from >= size) return "unsatisfiable";
  return { from, until: last === "" ? size : Math.min(Number(last) + 1, size) };
}
