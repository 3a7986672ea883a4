/** An entry as a sink was given it. */
export interface DeliveredLine {
  readonly log: string;
  readonly index: number;
}

/** Returns the entries in lines or syslog messages. A line that was cut short is left out. */
export const deliveredIn = (lines: readonly string[]): readonly DeliveredLine[] =>
  lines.flatMap((line) => {
    const json = line.slice(line.indexOf('{"log":'));
    return json.startsWith("{") && json.endsWith("}") ? [JSON.parse(json) as DeliveredLine] : [];
  });

/**
 * Returns the indexes of each log, and requires that nothing was left out: each entry is the next one, or one
 * that was delivered before.
 */
export function orderedIndexes(
  delivered: readonly DeliveredLine[],
): ReadonlyMap<string, readonly number[]> {
  const logs = new Map<string, number[]>();
  for (const { log, index } of delivered) {
    const indexes = logs.get(log) ?? [];
    const last = indexes.at(-1);
    if (last !== undefined && index > last + 1)
      throw new Error(`Entry ${last + 1} of ${log} was left out before ${index}.`);
    if (last === undefined || index > last) indexes.push(index);
    logs.set(log, indexes);
  }
  return logs;
}
