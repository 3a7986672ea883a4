import fc from "fast-check";
import { searchStream } from "../../../../tools/demo/search/find.ts";
import { runBytes, TextRuns } from "../../../../tools/demo/search/text-runs.ts";

const found = (texts: readonly string[], haystack: Buffer): string[] => {
  const runs: string[] = [];
  new TextRuns(texts).search(haystack, (run) => runs.push(run));
  return runs;
};

test("finds the same as a search at every offset, wherever the run is", () => {
  const words = fc.constantFrom("pain ", "knee ", "zwölf ", "a", " ", "…", "today");
  const texts = fc.array(fc.array(words, { maxLength: 8 }).map((parts) => parts.join("")));
  fc.assert(
    fc.property(texts, texts, fc.nat(20), (needles, hay, offset) => {
      const haystack = Buffer.from("#".repeat(offset) + hay.join("|"));
      const wanted = new Set(
        needles
          .map((text) => Buffer.from(text))
          .flatMap((bytes) => windowsOf(bytes))
          .filter((run) => new Set(run).size >= 4),
      );
      expect(found(needles, haystack)).toEqual(
        windowsOf(haystack).filter((run) => wanted.has(run)),
      );
    }),
    { seed: 20_261_129 },
  );
});

test("a stream is searched as one piece, however it is cut", async () => {
  const needle = "the blood pressure is high";
  const haystack = Buffer.from(`${"noise ".repeat(20)}${needle}${"noise ".repeat(20)}`);
  for (let size = 1; size < 60; size++) {
    const runs: string[] = [];
    const chunks = (function* () {
      for (let at = 0; at < haystack.length; at += size) yield haystack.subarray(at, at + size);
    })();
    const bytes = await searchStream(
      (async function* () {
        yield* chunks;
      })(),
      new TextRuns([needle]),
      (run) => runs.push(run),
    );
    expect({ size, bytes, runs }).toEqual({
      size,
      bytes: haystack.length,
      runs: windowsOf(Buffer.from(needle)),
    });
  }
});

test("eleven bytes are no run, twelve are one; a row of dots is left out", () => {
  const needle = "abcdefghijkl";
  expect(found([needle], Buffer.from(`..${needle.slice(1)}..`))).toEqual([]);
  expect(found([needle], Buffer.from(`..${needle}..`))).toEqual([needle]);
  expect(found(["............................"], Buffer.from("...................."))).toEqual([]);
});

const windowsOf = (bytes: Buffer): string[] =>
  Array.from({ length: Math.max(0, bytes.length - runBytes + 1) }, (_, start) =>
    bytes.toString("latin1", start, start + runBytes),
  );
