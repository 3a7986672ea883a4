import { OverloadError } from "../../../db/fairness/overload-error.ts";
import { IdentityError } from "../../../identity/identity-error.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import { closeReasonOf } from "../../../server/socket/authenticate-hello.ts";

test.each([
  [new IdentityError("token_expired", "test"), "token_expired"],
  [new IdentityError("device_revoked", "test"), "device_refused"],
  [new IdentityError("tenant_suspended", "test"), "tenant_suspended"],
  [new IdentityError("overloaded", "test"), "try_again"],
  [new IdentityError("session_revoked", "test"), "unauthenticated"],
  // The device did nothing wrong, so it must not sign in again.
  [new KeysError("kms_unreachable", "test"), "try_again"],
  [new KeysError("seal_broken", "test"), "try_again"],
  [new OverloadError("test"), "try_again"],
  [new Error("the database is away"), "try_again"],
])("a hello that is refused with %j closes the socket with the reason %s", (error, reason) => {
  expect(closeReasonOf(error)).toBe(reason);
});
