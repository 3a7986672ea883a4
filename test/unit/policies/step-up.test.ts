import { decideSessionUse } from "../../../policies/second-factor.ts";
import { decideStepUp, type FactorFacts } from "../../../policies/step-up.ts";

const MINUTE = 60_000;
const nowMs = 100 * MINUTE;

test.each<[string, Partial<FactorFacts>, boolean]>([
  ["a password alone, which can prove nothing more", { method: "password" }, true],
  ["a provider that did not say when the person signed in", {}, false],
  [
    "a sign-in at the provider of nine minutes ago",
    { authenticatedAtMs: nowMs - 9 * MINUTE },
    true,
  ],
  [
    "a sign-in at the provider of ten minutes ago",
    { authenticatedAtMs: nowMs - 10 * MINUTE },
    false,
  ],
  // An account that was linked may have an authenticator app of its own.
  [
    "a fresh sign-in, if the account has a factor",
    { hasFactor: true, authenticatedAtMs: nowMs },
    false,
  ],
  ["a code, if the account has a factor", { hasFactor: true, factorAtMs: nowMs }, true],
])("an act that is hard to undo: %s", (_what, changes, allowed) => {
  const facts = { method: "oidc", hasFactor: false, factorAtMs: null, authenticatedAtMs: null };
  expect(decideStepUp("reset_account", { ...facts, ...changes }, nowMs).allowed).toBe(allowed);
});

test.each([
  ["password", false],
  ["customer_token", true],
  ["oidc", true],
  ["another method", false],
])("a session of %s without a required second factor may be used: %s", (method, allowed) => {
  expect(decideSessionUse({ method, isRequired: true, factorAtMs: null }).allowed).toBe(allowed);
});
