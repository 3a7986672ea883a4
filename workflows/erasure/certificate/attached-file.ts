import { inflateSync } from "node:zlib";

const HEADER = "%PDF-";
const OBJECT = /\/Type \/EmbeddedFile[^]{0,2000}?>>\s*stream\r?\n/g;
/** A certificate of the most items is smaller. */
const MOST_BYTES = 64 * 1024 * 1024;

export const isPdf = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, HEADER.length)).toString("latin1") === HEADER;

/**
 * Returns the file that is attached to a PDF of `certificatePdf`. Only the signature of the file
 * says whether it can be believed.
 * @returns undefined if the PDF has no attached file, more than one, or one that cannot be read
 */
export function attachedFile(pdf: Uint8Array): Uint8Array | undefined {
  // Latin-1 keeps one character for each byte, so that places in the text are places in the bytes.
  const text = Buffer.from(pdf).toString("latin1");
  const [found, ...others] = text.matchAll(OBJECT);
  const length = Number(/\/Length (\d{1,9})\b/.exec(found?.[0] ?? "")?.[1]);
  if (found === undefined || others.length > 0 || !Number.isSafeInteger(length)) return undefined;
  const begin = found.index + found[0].length;
  const stream = pdf.subarray(begin, begin + length);
  if (!found[0].includes("/FlateDecode")) return stream;
  try {
    return inflateSync(stream, { maxOutputLength: MOST_BYTES });
  } catch {
    return undefined;
  }
}
