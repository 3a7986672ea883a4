import { actions } from "../../../audit/actions.ts";
import { assertActionFilter } from "../../../audit/export/action-filter.ts";

test.each([undefined, "session.", ...Object.keys(actions)])("%s is a filter", (filter) => {
  expect(() => assertActionFilter(filter)).not.toThrow();
});

test.each([
  ["session.craete", "session.create"],
  ["devise.revoke", "device.revoke"],
  ["sesion.", "session."],
  ["session", "session.renew"],
])("%s is refused, and %s is named", (filter, nearest) => {
  expect(() => assertActionFilter(filter)).toThrow(
    expect.objectContaining({
      code: "audit_action_unknown",
      message: expect.stringContaining(nearest),
    }),
  );
});

test.each(["", ".", "toString", "session.c", "create."])("%j is refused", (filter) => {
  expect(() => assertActionFilter(filter)).toThrow(/no such action/);
});
