import {
  accountWasDisabled,
  onceHeaders,
  tenantUserParams,
} from "../../../../contract/administration.ts";
import { disableAccount, enableAccount } from "../../../../identity/accounts/disable-account.ts";
import type { Profiles } from "../../../../identity/accounts/profiles.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type { Announce } from "../../../../identity/directory/announce.ts";
import type { Disconnect } from "../../../../identity/tokens/disconnect.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface AccountDeps extends KeyActDeps {
  readonly ownerUrl: string;
  readonly profiles: Profiles;
}

/** POST /v1/admin/{tenant}/staff/{user}/disable */
export function disableStaffRoute(
  deps: AccountDeps & {
    readonly announce: Announce;
    readonly disconnect: Disconnect;
    /** Is told of a change that could not be announced. */
    readonly onUnannounced: (error: unknown) => void;
  },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/staff/{user}/disable",
      summary: "Close an account of staff: nobody signs in to it, and its devices are removed",
      tag: "Administration",
      access: "api-key",
      audits: ["user.disable"],
      params: tenantUserParams,
      headers: onceHeaders,
      answers: { 200: { description: "The account is closed", schema: accountWasDisabled } },
      problems: [...changeProblems, "user_not_found", "contended"],
    },
    async (call) => {
      const { tenant } = call.who;
      const { user } = call.params;
      const act = {
        action: "disable_account",
        audit: "user.disable",
        resource: { type: "user", id: user },
        subject: user,
      } as const;
      const answer = await administer(deps, call, act, async (by) => {
        const { devices } = await disableAccount(deps.ownerUrl, deps.profiles, {
          tenant,
          account: { user },
          nowMs: deps.now(),
          by,
        });
        for (const device of devices) deps.disconnect({ tenant, device });
        return { status: 200, body: { devicesRemoved: devices.length } };
      });
      // The account is closed, whatever happens here. A repeat announces it again, and so does a periodic task.
      await deps.announce({ tenant, user }).catch(deps.onUnannounced);
      return answer;
    },
  );
}

/** POST /v1/admin/{tenant}/staff/{user}/enable */
export function enableStaffRoute(deps: AccountDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/admin/{tenant}/staff/{user}/enable",
      summary: "Open a disabled account of staff again; the person registers a device anew",
      tag: "Administration",
      access: "api-key",
      audits: ["user.enable"],
      params: tenantUserParams,
      headers: onceHeaders,
      answers: { 204: { description: "The person can sign in again" } },
      problems: [...changeProblems, "user_not_found", "approval_required"],
    },
    (call) => {
      const { user } = call.params;
      const act = {
        action: "enable_account",
        audit: "user.enable",
        resource: { type: "user", id: user },
        subject: user,
      } as const;
      return administer(deps, call, act, async (by) => {
        await enableAccount(deps.ownerUrl, deps.profiles, {
          tenant: call.who.tenant,
          account: { user },
          nowMs: deps.now(),
          by,
        });
        return { status: 204 };
      });
    },
  );
}
