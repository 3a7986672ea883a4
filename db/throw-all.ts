/**
 * Throws the failures, if there are any. A single failure is thrown unchanged. Several become an
 * AggregateError whose cause is the first one.
 */
export function throwAll(failures: readonly unknown[], message: string): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, message, { cause: failures[0] });
}
