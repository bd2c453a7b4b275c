// Sizes for people.

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** Binary multiples with at most three digits: "512 B", "1.5 kB", "148 MB". */
export const sizeText = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${Number(value.toFixed(digits))} ${units[unit]}`;
};
