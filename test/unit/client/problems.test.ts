import { problemKinds, type ProblemCode } from "../../../contract/problems.ts";
import type { RefusalErrors } from "../../../client/conversation/refusal.ts";
import { errorOfResponse, type ErrorCodes } from "../../../client/http/problems.ts";
import type { HttpResponse } from "../../../client/runtime.ts";

const answer = (status: number): HttpResponse =>
  ({ ok: false, status, headers: { get: () => null } }) as never;
const errorFor = (status: number, body: unknown) =>
  errorOfResponse(answer(status), JSON.stringify(body));

test("a request for erased data fails with subject_erased", () => {
  expect(errorFor(410, { code: "key_destroyed" })).toMatchObject({
    code: "subject_erased",
    problem: "key_destroyed",
    status: 410,
  });
});

test("every code of the contract becomes an error with that problem", () => {
  const codes = Object.keys(problemKinds) as ProblemCode[];
  expect(codes.length).toBeGreaterThan(70);
  for (const code of codes) {
    const { status, title } = problemKinds[code];
    expect(errorFor(status, { code, detail: title })).toMatchObject({
      code: expect.stringMatching(/^[a-z_]+$/),
      problem: code,
      message: title,
    });
  }
});

test.each([
  [{ code: "a_newer_code", detail: "Update the app.", action: "update" }, "a_newer_code"],
  [{ code: 7 }, undefined],
  [null, undefined],
])("the status decides about %j", (body, problem) => {
  expect(errorFor(503, body)).toMatchObject({ code: "server_error", problem });
});

test("a code that no server sends does not compile", () => {
  const overHttp: Partial<ErrorCodes> = {
    // @ts-expect-error The contract has no such code.
    subject_eraced: "subject_erased",
  };
  const overTheRelay: RefusalErrors = {
    // @ts-expect-error The contract has no such code.
    subject_eraced: "subject_erased",
  };
  expect([overHttp, overTheRelay].map((table) => Object.keys(table))).toEqual([
    ["subject_eraced"],
    ["subject_eraced"],
  ]);
});

test("a code that the SDK leaves out does not compile", () => {
  const { key_destroyed: _, ...rest } = {} as ErrorCodes;
  // @ts-expect-error `key_destroyed` is missing.
  const incomplete: ErrorCodes = rest;
  expect(incomplete).toEqual({});
});
