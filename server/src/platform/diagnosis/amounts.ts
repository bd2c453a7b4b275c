// Sizes and durations as slip.toml writes them.

const megabyte = 2 ** 20;

/** "512MB", "4GB": whole numbers alone. */
export const sizeText = (bytes: number): string => {
  const megabytes = Math.ceil(bytes / megabyte);
  return megabytes % 1_024 === 0 ? `${megabytes / 1_024}GB` : `${megabytes}MB`;
};

/** "90s", "2m", "250ms": whole numbers alone. */
export const durationText = (ms: number): string => {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${Math.ceil(ms)}ms`;
};
