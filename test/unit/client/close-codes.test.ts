import { closureOf } from "../../../client/transport/close-codes.ts";
import { closeCodes } from "../../../server/socket/close-codes.ts";

const kindOf = (code: number) => closureOf(code, "").kind;

describe("what a closed connection means", () => {
  test("3000-3499 and 4000-4499 ask for another connection", () => {
    for (const code of [3000, 3001, 3499, 4000, 4001, 4499])
      expect([code, kindOf(code)]).toEqual([code, "reconnect"]);
    for (const code of [2999, 3500, 3999, 4500, 4999])
      expect([code, kindOf(code)]).toEqual([code, "final"]);
  });

  test("what befalls the network or the server passes", () => {
    for (const code of [1001, 1005, 1006, 1011, 1012, 1013])
      expect([code, kindOf(code)]).toEqual([code, "reconnect"]);
    for (const code of [1000, 1002, 1003, 1007, 1008, 1009])
      expect([code, kindOf(code)]).toEqual([code, "final"]);
  });

  test("every reason the relay has is either", () => {
    const final = Object.entries(closeCodes).filter(([, code]) => kindOf(code) === "final");
    const codes = final.map(([reason, code]) => {
      const closure = closureOf(code, reason);
      return [reason, closure.kind === "final" ? closure.error.code : undefined];
    });
    expect(Object.fromEntries(codes)).toEqual({
      protocol_error: "relay_refused",
      unauthenticated: "signed_out",
      device_refused: "device_revoked",
      tenant_suspended: "tenant_suspended",
      displaced: "displaced",
    });
  });
});
