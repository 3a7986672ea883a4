/** The length and the size of a benchmark. */
export interface Scale {
  /** The number of seconds for which each load is counted. */
  readonly seconds: number;
  /** The number of rounds, in which the subjects take turns. The median counts. */
  readonly rounds: number;
  /** Load processes. */
  readonly processes: number;
  /** Messages stored in each conversation before growth is measured. */
  readonly stored: number;
  /**
   * The share of the usual numbers of devices, conversations and stored messages. It is 1 unless it
   * is a trial.
   */
  readonly share: number;
}

export type Progress = (line: string) => void;
