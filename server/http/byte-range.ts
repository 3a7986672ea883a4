import type { ByteRange } from "../../messaging/attachments/stores/blob-store.ts";

/**
 * What a Range header asks for of `size` bytes, RFC 9110 section 14.2. More than one range, another
 * unit, or what cannot be read is the whole, as the section allows.
 * @returns "unsatisfiable" when nothing of it exists
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
