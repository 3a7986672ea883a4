import { byteRange } from "../../../server/http/byte-range.ts";

// RFC 9110 section 14.1.2 and 14.2, for a body of 100 bytes.
test.each([
  [undefined, "whole"],
  ["bytes=10-19", { from: 10, until: 20 }],
  ["bytes=90-", { from: 90, until: 100 }],
  ["bytes=90-900", { from: 90, until: 100 }],
  ["bytes=-10", { from: 90, until: 100 }],
  ["bytes=-900", { from: 0, until: 100 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=20-10", "whole"],
  ["bytes=0-1,5-6", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=-", "whole"],
  ["pages=0-1", "whole"],
])("%s selects %j", (header, selected) => {
  expect(byteRange(header, 100)).toEqual(selected);
});
