import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { CommandError } from "../../settings.ts";

const BLOCK = 512;
/** An extended header holds one path. */
const LONGEST_EXTENSION = 64 * 1024;

/** A file of a tar archive. Its content is to be read whole before the next file. */
export interface TarFile {
  readonly path: string;
  readonly size: number;
  readonly content: AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Reads the files of a tar archive (POSIX.1-2017, pax), in bounded memory. It is strict: only plain files, and paths only in
 * extended headers.
 * @throws CommandError
 */
export async function* readTar(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarFile, void, undefined> {
  const bytes = new Bytes(archive);
  for (let extended: string | undefined; ;) {
    const header = await bytes.exactly(BLOCK);
    if (header.every((byte) => byte === 0)) return bytes.drain();
    assertSum(header);
    const size = octal(header, 124, 12);
    const type = textAt(header, 156, 1);
    if (type === "x") {
      if (size > LONGEST_EXTENSION) throw damaged();
      extended = pathIn(await bytes.exactly(size));
      await bytes.exactly(paddingOf(size));
      continue;
    }
    if (type !== "0") throw damaged();
    yield { path: extended ?? textAt(header, 0, 100), size, content: bytes.upTo(size) };
    await bytes.exactly(paddingOf(size));
    extended = undefined;
  }
}

const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

const textAt = (block: Uint8Array, at: number, width: number): string => {
  const field = block.subarray(at, at + width);
  const end = field.indexOf(0);
  return fromUtf8(end < 0 ? field : field.subarray(0, end));
};

function octal(block: Uint8Array, at: number, width: number): number {
  const text = textAt(block, at, width).trim();
  if (!/^[0-7]{1,11}$/.test(text)) throw damaged();
  return Number.parseInt(text, 8);
}

function assertSum(block: Uint8Array): void {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(block, 148, 8) !== sum) throw damaged();
}

function pathIn(extension: Uint8Array): string {
  const [, path] = /^\d+ path=([^\n]+)\n$/.exec(fromUtf8(extension)) ?? [];
  if (path === undefined) throw damaged();
  return path;
}

const damaged = (): CommandError => new CommandError("The archive is not one that a device wrote.");

/** Bytes of a stream, a known number at a time. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async exactly(count: number): Promise<Uint8Array> {
    const whole = new Uint8Array(count);
    let at = 0;
    for await (const piece of this.upTo(count)) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async *upTo(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) throw new CommandError("The archive ends too early.");
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Reads to the end, so that the end of what encloses the archive is checked, too. */
  async drain(): Promise<void> {
    while ((await this.#source.next()).done !== true);
  }
}
