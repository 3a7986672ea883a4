import type { UserId } from "../../crypto/wire/ids.ts";
import type { Api } from "./api.ts";
import type { ShownAccount } from "./device-api.ts";

/** Returns the accounts as the server shows them. Each is asked for once. */
export function shownAccounts(api: Pick<Api, "accountOf">): Pick<Api, "accountOf"> {
  const asked = new Map<UserId, Promise<ShownAccount>>();
  return {
    accountOf(user) {
      const answer = asked.get(user) ?? api.accountOf(user);
      asked.set(user, answer);
      return answer;
    },
  };
}
