import { randomUUID } from "node:crypto";
import { Writable } from "node:stream";
import fc from "fast-check";
import { redact, redactText } from "../../../server/redact.ts";
import { createLog } from "../../../server/log.ts";

test.each([
  ["got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl now", "got [token] now"],
  ["Authorization: DPoP abcdef0123456789==", "Authorization: [token]"],
  ["Bearer abcdefgh12345678", "[token]"],
  ["postgresql://app:pass@db/sealdesk refused", "[database-url] refused"],
  ["for jane.roe+x@mail.example.org.", "for [email]."],
  ["connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED [address]:5432"],
  ["connect ECONNREFUSED ::1:5432 and ::1.", "connect ECONNREFUSED [address] and [address]."],
  ["from [2001:db8::8a2e:370:7334]:443", "from [[address]]:443"],
  ["mapped ::ffff:10.1.2.3", "mapped [address]"],
  ["call +49 (30) 1234-5678 today", "call [phone] today"],
])("%s", (text, redacted) => {
  expect(redactText(text)).toBe(redacted);
});

test.each([
  "at run (file:///app/dist/server/start.js:95:5); at node:internal/process/task_queues:95:5",
  "2026-11-21T20:52:39.123Z",
  "18.4.0-beta.17 took 12.5 ms",
  "/v1/users/:user/devices",
  "embedded_unavailable",
])("%s is left as it is", (text) => {
  expect(redactText(text)).toBe(text);
});

test("ids are left as they are", () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => expect(redactText(id)).toBe(id)),
    { seed: 20_261_129 },
  );
});

test("an e-mail or IP address is redacted in any surroundings", () => {
  const around = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[\w.:@%+-]/g, ""));
  fc.assert(
    fc.property(
      around,
      fc.oneof(
        fc.ipV4(),
        fc.ipV6().filter((address) => address !== "::"),
        fc.emailAddress(),
      ),
      around,
      (before, personal, after) => {
        // Quoted local parts are not searched for. Their domain is still removed.
        fc.pre(!/[^\w.+%@:-]/.test(personal));
        expect(redactText(`${before} ${personal} ${after}`)).not.toContain(personal);
      },
    ),
    { seed: 20_261_130 },
  );
});

test("a hostile text is redacted quickly", () => {
  const before = process.cpuUsage();
  for (const piece of ["a.", "1.", ":", "a@", "+1 ", "eyJ", "DPoP "])
    redactText(piece.repeat(200_000));
  // CPU time, so that a busy machine does not count.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(5_000);
});

test("nested values are redacted; errors and bytes are not shown", () => {
  const value = { list: ["127.0.0.1"], error: new Error("jane@example.org"), bytes: Buffer.of(1) };
  expect(redact({ value, count: 1, none: undefined })).toEqual({
    value: { list: ["[address]"], error: "Error", bytes: "[bytes]" },
    count: 1,
    none: undefined,
  });
});

test("a log redacts its message and its fields, and keeps the rest", () => {
  let written = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  const requestId = randomUUID();
  const log = createLog("info", stream);
  log.warn("no answer from 10.0.0.1", { requestId, reason: "eyJhbGciOi.eyJzdWIi.abc", count: 2 });
  expect(JSON.parse(written)).toEqual({
    level: "warn",
    message: "no answer from [address]",
    requestId,
    reason: "[token]",
    count: 2,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});
