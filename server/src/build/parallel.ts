// Does a thing for each item, a bounded number at a time.

/** Resolves when all are done; rejects with the first error, after those that had begun have ended. */
export const inParallel = async <T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> => {
  const errors: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && errors.length === 0; item = items[next++])
      await act(item).catch((error: unknown) => {
        errors.push(error);
      });
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
};
