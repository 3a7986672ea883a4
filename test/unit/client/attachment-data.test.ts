import { runInNewContext } from "node:vm";
import { Readable } from "node:stream";
import { dataPieces, type AttachmentData } from "../../../client/attachments/pieces.ts";

const content = Buffer.from("The content of a file.");
const bytes = Uint8Array.from(content);

async function readAll(data: unknown): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of dataPieces(data as AttachmentData)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function* halves() {
  yield bytes.subarray(0, 7);
  yield bytes.subarray(7);
}

test.each([
  ["a Uint8Array", () => bytes],
  ["a Uint8Array on a part of its buffer", () => new Uint8Array([...bytes, 1, 2]).subarray(0, -2)],
  ["a Buffer", () => content],
  ["an ArrayBuffer", () => bytes.buffer],
  ["a Blob", () => new Blob([bytes])],
  ["a File", () => new File([bytes], "a.txt")],
  ["a ReadableStream", () => new Blob([bytes]).stream()],
  ["an async iterable", halves],
  ["a Node stream", () => Readable.from(halves())],
  ["bytes of another realm", () => runInNewContext(`Uint8Array.from([${bytes.join()}])`)],
])("%s is read", async (_kind, data) => {
  expect(await readAll(data())).toBe("The content of a file.");
});

test.each([
  ["undefined", undefined],
  ["null", null],
  ["a string", "The content of a file."],
  ["a number", 22],
  ["an object", {}],
  ["a list of numbers", [1, 2, 3]],
  ["other views", new Uint16Array(4)],
  ["a DataView", new DataView(new ArrayBuffer(4))],
  ["shared memory", new SharedArrayBuffer(4)],
  ["an iterable of strings", Readable.from(["text"])],
  ["an iterable of nothing", Readable.from([{}])],
])("%s is refused with what may be given", async (_kind, data) => {
  await expect(readAll(data)).rejects.toMatchObject({
    name: "SealdeskError",
    code: "invalid_argument",
    message: expect.stringMatching(/^`file\.data` must be .*Uint8Array/),
  });
});

test("an error while data is read is the caller's, and the data is released", async () => {
  let closed = false;
  async function* failing() {
    try {
      yield bytes;
      throw new Error("the disk is gone");
    } finally {
      closed = true;
    }
  }
  await expect(readAll(failing())).rejects.toMatchObject({
    code: "attachment_unreadable",
    cause: expect.objectContaining({ message: "the disk is gone" }),
  });
  expect(closed).toBe(true);

  const locked = new Blob([bytes]).stream();
  locked.getReader();
  await expect(readAll(locked)).rejects.toMatchObject({ code: "attachment_unreadable" });
});

test("a reader that stops cancels the stream", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes),
    cancel: () => void (cancelled = true),
  });
  for await (const piece of dataPieces(stream)) {
    expect(piece).toEqual(bytes);
    break;
  }
  expect(cancelled).toBe(true);
});
