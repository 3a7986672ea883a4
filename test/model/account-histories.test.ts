import { expect, test } from "@jest/globals";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import {
  accountFault,
  accountRules,
  histories,
  trustedBefore,
  trustedNow,
  type AccountRules,
} from "./account-histories.ts";

/** The entries of a history that the search looks at. */
const most = 5;
const faultOf = (rules: AccountRules): string | undefined => {
  for (const history of histories(most)) {
    const fault = accountFault(rules, history);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

test("whatever the server logs about an account that was reset twice, a contact keeps the promises (R14)", () => {
  expect(faultOf(accountRules)).toBeUndefined();
  expect([...histories(most)].length).toBeGreaterThan(3_000);
});

test.each<[string, Partial<AccountRules>, RegExp]>([
  [
    "takes all keys up to the newest trusted one",
    {
      cameRightfully: ({ entries, ...history }, device) => {
        const [newest] = trustedNow;
        const end = entries.findLastIndex(({ record }) => equalBytes(record.accountKey, newest!));
        const all = entries.slice(0, end + 1).map(({ record }) => record.accountKey);
        return accountRules.cameRightfully({ entries, ...history }, device, [
          ...all,
          ...trustedNow,
        ]);
      },
    },
    /under a key that nobody compared/,
  ],
  [
    "lets a trusted key go on after the next one",
    {
      cameRightfully: (history, device, trusted) =>
        trusted.some((key) => accountRules.cameRightfully(history, device, [key])),
    },
    /under a key that was replaced|under a key that nobody compared/,
  ],
  [
    "forgets the first key when a person accepts another",
    {
      cameRightfully: (history, device) =>
        history.entries
          .slice(0, 1)
          .some(({ record }) => !equalBytes(record.accountKey, trustedBefore[0]!)) &&
        accountRules.cameRightfully(history, device, trustedNow.slice(0, 1)),
    },
    /does not count/,
  ],
  [
    "takes whoever the server logs",
    { approvedArrivals: (entries) => entries.filter(({ change }) => change === "device_added") },
    /which nobody approved/,
  ],
])("the search finds out a contact that %s", (_, fault, breaks) => {
  expect(faultOf({ ...accountRules, ...fault })).toMatch(breaks);
});
