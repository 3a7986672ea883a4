import { HttpError } from "../../../server/http/http-error.ts";
import { isPassingFailure } from "../../../server/http/passing-failure.ts";

const withCode = (code: string) => Object.assign(new Error(), { code });

test.each([
  ["a full disk", withCode("ENOSPC")],
  ["a read-only disk", withCode("EROFS")],
  ["a database without room", withCode("53100")],
  ["a read-only session", withCode("25006")],
  ["a database that stops", withCode("57P01")],
  ["a database that is away", withCode("ECONNREFUSED")],
  ["a connection that was cut", new Error("Connection terminated unexpectedly")],
  ["a connection that was not made", new Error("timeout exceeded when trying to connect")],
])("%s may pass", (_what, error) => {
  expect(isPassingFailure(error)).toBe(true);
});

test.each([
  ["a statement that was cancelled for its length", withCode("57014")],
  ["a missing right", withCode("42501")],
  ["a missing file", withCode("ENOENT")],
  ["a refusal of our own", new HttpError("not_found", "There is nothing at this path.")],
  ["no error at all", undefined],
])("%s does not pass by itself", (_what, error) => {
  expect(isPassingFailure(error)).toBe(false);
});
