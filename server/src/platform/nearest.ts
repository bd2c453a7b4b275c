// The word that someone probably meant.

/** Number of letters to insert, delete or change to make `b` of `a` (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (let index = 0; index < b.length; index += 1)
      next.push(Math.min((row[index] ?? 0) + (letter === b[index] ? 0 : 1), (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    row = next;
  }
  return row[b.length] ?? 0;
};

/** The candidate nearest to `word`, undefined when none is near enough to be meant. */
export const nearest = (word: string, candidates: readonly string[]): string | undefined => {
  const ranked = candidates.map((candidate) => ({ candidate, far: distance(word.slice(0, 64), candidate) })).sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best && best.far <= Math.max(2, Math.floor(best.candidate.length / 2)) ? best.candidate : undefined;
};
