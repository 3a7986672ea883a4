import { closureOf } from "../../../client/transport/close-codes.ts";
import { closeCodes } from "../../../server/socket/close-codes.ts";

const kindOf = (code: number) => closureOf(code, "").kind;

describe("the meaning of a closed connection", () => {
  test("3000-3499 and 4000-4499 ask the device to connect again", () => {
    for (const code of [3000, 3001, 3499, 4000, 4001, 4499])
      expect([code, kindOf(code)]).toEqual([code, "reconnect"]);
    for (const code of [3500, 3999, 4500, 4999])
      expect([code, kindOf(code)]).toEqual([code, "final"]);
  });

  test("the codes of RFC 6455 end nothing, because a proxy in between may have sent them", () => {
    for (const code of [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013])
      expect([code, kindOf(code)]).toEqual([code, "reconnect"]);
  });

  test("every close reason of the relay is one or the other", () => {
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
      session_idle: "session_idle",
      displaced: "displaced",
    });
  });
});
