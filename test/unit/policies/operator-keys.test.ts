import {
  decideOnTenants,
  isOperatorScope,
  tenantActions,
} from "../../../policies/operator-keys.ts";

const nowMs = 1_000;
const key = (scopes: readonly string[], expiresAtMs = nowMs + 1) => ({ scopes, expiresAtMs });

test("each scope allows its own action and nothing else", () => {
  for (const scope of tenantActions)
    for (const action of tenantActions)
      expect([scope, action, decideOnTenants(key([scope]), action, nowMs).allowed]).toEqual([
        scope,
        action,
        scope === action,
      ]);
});

test.each([
  ["no scope", key([]), "scope_missing"],
  ["a scope that there is not", key(["all", "*", "read_settings"]), "scope_missing"],
  ["an expired key", key(["read_tenant"], nowMs), "token_expired"],
])("%s allows nothing", (_what, held, reason) => {
  expect(decideOnTenants(held, "read_tenant", nowMs)).toEqual({
    allowed: false,
    reasons: [reason],
  });
});

test("the scopes of a tenant's key are none of the operator's", () => {
  for (const text of ["read_settings", "create_staff", "scim:staff", ""])
    expect([text, isOperatorScope(text)]).toEqual([text, false]);
});
