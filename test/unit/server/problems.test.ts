import { problemKinds, type ProblemCode } from "../../../contract/problems.ts";
import { IdentityError } from "../../../identity/identity-error.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import { problemOf, type ErrorCode } from "../../../server/http/problems.ts";

test("the server sends every code of the contract", () => {
  // Does not compile if the contract has a code that no error has.
  const sent = (codes: readonly ErrorCode[]) => codes.length;
  expect(sent(Object.keys(problemKinds) as ProblemCode[])).toBeGreaterThan(70);
});

test("a refusal tells its code and its message", () => {
  expect(problemOf(new IdentityError("link_request_closed", "It was answered."))).toEqual({
    type: "urn:sealdesk:problem:link_request_closed",
    title: problemKinds.link_request_closed.title,
    status: 409,
    code: "link_request_closed",
    detail: "It was answered.",
  });
});

const internal = "Of host vault.internal.";
test.each([
  [new KeysError("kms_sealed", internal), "not_ready", 503, "wait"],
  [new KeysError("seal_broken", internal), "internal_error", 500, undefined],
  [new IdentityError("invalid_monitor", internal), "internal_error", 500, undefined],
] as const)("an internal failure %j is sent as %s", (own, code, status, action) => {
  const problem = problemOf(own);

  expect(problem).toMatchObject({ code, status, detail: `${problemKinds[code].title}.` });
  expect(problem.action).toBe(action);
  expect(JSON.stringify(problem)).not.toContain("vault.internal");
});

test("an unknown error is sent as internal_error", () => {
  const error = Object.assign(new Error("Of host vault.internal."), { code: "toString" });
  expect(problemOf(error)).toMatchObject({ code: "internal_error", status: 500 });
  expect(problemOf(undefined)).toMatchObject({ code: "internal_error" });
});
