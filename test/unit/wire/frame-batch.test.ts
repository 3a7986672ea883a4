import fc from "fast-check";
import { joinFrames, splitFrames } from "../../../crypto/wire/frame-batch.ts";
import { WireError } from "../../../crypto/wire/wire-error.ts";

const property = { seed: 20261121, numRuns: 300 };

test("what is joined is split again, and counted as long as it is", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (frames) => {
      const batch = joinFrames(frames);
      expect(batch.length).toBe(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
      expect(splitFrames(batch).map((frame) => Uint8Array.from(frame))).toEqual(frames);
    }),
    property,
  );
});

test("whatever comes is frames, or a WireError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        expect(joinFrames(splitFrames(bytes))).toEqual(Uint8Array.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    property,
  );
});
