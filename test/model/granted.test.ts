import { expect, test } from "@jest/globals";
import { changesMembers } from "../../client/history/granted-members.ts";
import { anna } from "./cast.ts";
import { explore } from "./explore.ts";
import { grantedRules, grantFault, type GrantedRules } from "./granted.ts";
import type { Device } from "./known.ts";
import { rules } from "./rules.ts";
import { linked } from "./scenarios.ts";

const bounds = { lastSeq: 5, messages: 1, steps: 3, depth: 4 };
/** Anna, who is a member from the beginning to the end, with every event of each log of the search. */
const members = explore(rules, linked, bounds).devices.filter(
  ({ owner, kept }) =>
    owner.user === anna.user && [...kept.values()].every(({ placed }) => placed !== undefined),
);

/** The changes of the members that a member took. A newcomer may begin with each. */
const beginnings = ({ kept }: Device): readonly number[] =>
  [...kept].flatMap(([seq, { placed, items }]) =>
    placed !== undefined &&
    changesMembers(placed.content.kind) &&
    items.some(({ kind }) => kind === placed.content.kind)
      ? [seq]
      : [],
  );

const faultOf = (changed: Partial<GrantedRules>): string | undefined => {
  const faulty = { ...grantedRules, ...changed };
  for (const member of members)
    for (const from of beginnings(member)) {
      const fault = grantFault(faulty, member, from);
      if (fault !== undefined) return fault;
    }
  return undefined;
};

test("whatever log the relay makes, a newcomer shows nothing of granted history that members refused", () => {
  expect(faultOf({})).toBeUndefined();
  expect(members.length).toBeGreaterThan(2_000);
});

test.each<[string, Partial<GrantedRules>]>([
  [
    "takes every list of members",
    {
      changeOf: (where, _before, seq, link, role) =>
        grantedRules.changeOf(where, undefined, seq, link, role),
    },
  ],
  ["does not compare the author with the members", { refusalOf: () => undefined }],
])("the search finds out a newcomer that %s", (_, changed) => {
  expect(faultOf(changed)).toMatch(/that members refused/);
});
