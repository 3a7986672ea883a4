/** Writes tar archives: POSIX.1-2017 (pax), with one extended header for each long or non-ASCII name. */
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";

const BLOCK = 512;
const LONGEST_NAME = 100;

/** Yields a file as an archive has it: header, content, padding. @throws RangeError if the content has another size */
export async function* tarFile(
  path: string,
  size: number,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (utf8(path).length > LONGEST_NAME || /[^\x20-\x7e]/.test(path)) {
    const record = paxRecord("path", path);
    yield concat(header("pax", record.length, "x"), record, padding(record.length));
  }
  yield header(path, size, "0");
  let written = 0;
  for await (const piece of content) {
    written += piece.length;
    yield piece;
  }
  if (written !== size) throw new RangeError("The file has another size than was said.");
  yield padding(size);
}

/** Ends an archive. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * BLOCK);

const padding = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** A record of an extended header counts its own length. */
function paxRecord(name: string, value: string): Uint8Array {
  const rest = utf8(` ${name}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length;
  return concat(utf8(String(length)), rest);
}

function header(path: string, size: number, type: "0" | "x"): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(utf8(text), at);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  // The extended header before it has the whole name.
  block.set(utf8(path.replaceAll(/[^\x20-\x7e]/g, "_")).subarray(0, LONGEST_NAME), 0);
  put(100, octal(0o644, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(124, octal(size, 12));
  put(136, octal(0, 12));
  put(148, " ".repeat(8));
  put(156, type);
  put(257, "ustar\x0000");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}
