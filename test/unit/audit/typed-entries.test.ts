import type { AuditEntry } from "../../../audit/append-entry.ts";
import type { AuditAction } from "../../../audit/actions.ts";

const entryOf = <A extends AuditAction>(
  entry: Pick<AuditEntry<A>, "action" | "resource" | "details">,
) => entry;

// The compiler is the test: each comment is an error itself if the line below compiles.
test("an entry compiles only with an action of the table, its resource and its details", () => {
  const resource = { type: "link_request", id: "1" } as const;
  const entries = [
    entryOf({ action: "link.approve", resource, details: { device: "1" } }),
    // @ts-expect-error the action is misspelt
    entryOf({ action: "link.aprove", resource }),
    // @ts-expect-error the action is done to a link request
    entryOf({ action: "link.approve", resource: { type: "device", id: "1" } }),
    // @ts-expect-error the action has no such detail
    entryOf({ action: "link.approve", resource, details: { name: "1" } }),
    // @ts-expect-error the detail is an id
    entryOf({ action: "link.approve", resource, details: { device: 1 } }),
  ];
  expect(entries).toHaveLength(5);
});
