/** The strictness of the program. Only `development` makes sample accounts. */
export type RunMode = "development" | "production" | "test";

/**
 * Returns the mode of the program. If NODE_ENV is unset, a configured database means production, so
 * that an operator does not serve a database of their own with the defaults of development by
 * accident.
 */
export const runModeOf = (given: {
  readonly NODE_ENV?: RunMode | undefined;
  readonly DATABASE_URL?: string | undefined;
}): RunMode => given.NODE_ENV ?? (given.DATABASE_URL === undefined ? "development" : "production");
