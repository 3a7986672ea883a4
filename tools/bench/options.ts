/** How long and how large a benchmark is. */
export interface Scale {
  /** How long each load is counted. */
  readonly seconds: number;
  /** Rounds, interleaved between what is compared. The median counts. */
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
