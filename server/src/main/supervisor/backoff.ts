// How long to wait before a process that ended is started again. Pure.
const firstMs = 100;
const longestMs = 5_000;
/** A process that lived this long starts anew without a past. */
const forgivenAfterMs = 10_000;

/** The failures in a row after a process lived `livedMs`, and the pause before its next start. */
export const afterEnd = (failuresBefore: number, livedMs: number): { failures: number; pauseMs: number } => {
  const failures = livedMs >= forgivenAfterMs ? 1 : failuresBefore + 1;
  return { failures, pauseMs: Math.min(firstMs * 2 ** (failures - 1), longestMs) };
};
