/** Throws what failed, if anything did: one failure as it is, several as an AggregateError with the first as its cause. */
export function throwAll(failures: readonly unknown[], message: string): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, message, { cause: failures[0] });
}
