import fc from "fast-check";
import { matches, type EntryFilter } from "../../../audit/export/entry-filter.ts";
import { termsOfEntry, termsOfFilter } from "../../../audit/search/terms.ts";
import { sampleEntries } from "../../support/audit-entries.ts";

const samples = Object.values(sampleEntries);

test("an entry that matches a filter has every term of it", () => {
  const ofSamples = (of: (sample: (typeof samples)[number]) => string | undefined) =>
    fc.option(fc.constantFrom(...samples.map(of)), { nil: undefined });
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.record({
        actor: ofSamples(({ actor }) => actor.id),
        subject: ofSamples(({ subject, actor }) => subject ?? actor.id),
        resource: ofSamples(({ resource }) => resource.id),
        outcome: ofSamples(({ outcome }) => outcome),
        action: ofSamples(({ action }) => action),
      }),
      fc.boolean(),
      (entry, { action, ...rest }, isGroup) => {
        const group = action?.slice(0, action.indexOf(".") + 1);
        const filter = { ...rest, action: isGroup ? group : action } as EntryFilter;
        const terms = termsOfEntry(entry);
        expect(termsOfFilter(filter).every((term) => terms.includes(term))).toBe(
          matches(entry, filter),
        );
      },
    ),
    { seed: 20261130, numRuns: 2_000 },
  );
});
