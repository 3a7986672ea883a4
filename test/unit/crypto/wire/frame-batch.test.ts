import fc from "fast-check";
import { joinFrames, splitFrames } from "../../../../crypto/wire/frame-batch.ts";
import { WireError } from "../../../../crypto/wire/wire-error.ts";

const property = { seed: 20261121, numRuns: 300 };

test("joined frames are split again, and the counted length is correct", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (frames) => {
      const batch = joinFrames(frames);
      expect(batch.length).toBe(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
      expect(splitFrames(batch).map((frame) => Uint8Array.from(frame))).toEqual(frames);
    }),
    property,
  );
});

test("any input gives frames or a WireError", () => {
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
