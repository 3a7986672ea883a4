/** The window in which a plan can be contested before anything is destroyed, unless another one is given. */
export const USUAL_WINDOW_MS = 86_400_000;

/** The longest window, in hours. */
export const MOST_WINDOW_HOURS = 720;

export const HOUR_MS = 3_600_000;
