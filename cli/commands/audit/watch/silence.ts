/** The log, or somebody who keeps its heads, has not answered for too long, or the log does not grow. */
export class Silence extends Error {
  override readonly name = "Silence";
  readonly code = "silence";
}
