import fc from "fast-check";
import { EventStreamParser } from "../../../client/transport/event-stream.ts";

const written =
  ": open\n\ndata: AAEC\n\nevent: ping\ndata: ping\n\ndata:x\r\n\r\nid: 7\n\nevent: close\ndata: 4509 displaced\n\n";

test("events are complete, wherever the stream is cut into pieces", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: written.length }), { maxLength: 30 }),
      (cuts) => {
        const parser = new EventStreamParser();
        const bytes = Buffer.from(written);
        const ends = [...new Set(cuts), written.length].toSorted((a, b) => a - b);
        const events = ends.flatMap((end, index) =>
          parser.push(bytes.subarray(ends[index - 1] ?? 0, end)),
        );
        expect(events).toEqual([
          { name: "message", data: "AAEC" },
          { name: "ping", data: "ping" },
          { name: "message", data: "x" },
          { name: "close", data: "4509 displaced" },
        ]);
      },
    ),
    { seed: 20261121, numRuns: 300 },
  );
});

test("an endless line is not collected forever", () => {
  const parser = new EventStreamParser();
  const piece = new Uint8Array(64 * 1024).fill(0x61);
  expect(() => {
    for (let pieces = 0; pieces < 32; pieces++) parser.push(piece);
  }).toThrow(RangeError);
});
