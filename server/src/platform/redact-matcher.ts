// Aho–Corasick: finds every occurrence of many texts in one pass, so that a stranger's long line costs linear time.

/** A half-open range of UTF-16 units. */
export interface Range {
  start: number;
  end: number;
}

interface Trie {
  children: Map<number, number>[];
  depth: number[];
  /** Node of the longest proper suffix that is in the trie. */
  fallback: number[];
  /** Length of the longest pattern that ends at this node, 0 for none. */
  longest: number[];
}

const addPattern = (trie: Trie, pattern: string): void => {
  let node = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const unit = pattern.charCodeAt(index);
    let next = trie.children[node]?.get(unit);
    if (next === undefined) {
      next = trie.children.length;
      trie.children[node]?.set(unit, next);
      trie.children.push(new Map());
      trie.depth.push(index + 1);
      trie.fallback.push(0);
      trie.longest.push(0);
    }
    node = next;
  }
  trie.longest[node] = pattern.length;
};

const step = (trie: Trie, from: number, unit: number): number => {
  let node = from;
  for (;;) {
    const next = trie.children[node]?.get(unit);
    if (next !== undefined) return next;
    if (node === 0) return 0;
    node = trie.fallback[node] ?? 0;
  }
};

/** Breadth first: the fallback of a node is known when its children are visited. */
const addFallbacks = (trie: Trie): void => {
  const queue = [...(trie.children[0]?.values() ?? [])];
  for (let head = 0; head < queue.length; head += 1) {
    const node = queue[head] ?? 0;
    for (const [unit, child] of trie.children[node] ?? []) {
      const fallback = step(trie, trie.fallback[node] ?? 0, unit);
      trie.fallback[child] = fallback;
      trie.longest[child] = Math.max(trie.longest[child] ?? 0, trie.longest[fallback] ?? 0);
      queue.push(child);
    }
  }
};

/** Adds a range that ends last of all; ranges that overlap or touch become one. */
const addRange = (ranges: Range[], start: number, end: number): void => {
  let from = start;
  for (let last = ranges.at(-1); last !== undefined && last.end >= from; last = ranges.at(-1)) {
    from = Math.min(from, last.start);
    ranges.pop();
  }
  ranges.push({ start: from, end });
};

/**
 * A function that gives the ranges of a text that any of `patterns` covers, in order and apart. An end of the text that begins
 * a pattern and has at least `cutLength` units counts too: it is what remains of a pattern where a line was cut.
 */
export const matcherOf = (patterns: Iterable<string>, cutLength: number): ((text: string) => Range[]) => {
  const trie: Trie = { children: [new Map()], depth: [0], fallback: [0], longest: [0] };
  for (const pattern of patterns) addPattern(trie, pattern);
  addFallbacks(trie);
  return (text) => {
    const ranges: Range[] = [];
    let node = 0;
    for (let index = 0; index < text.length; index += 1) {
      node = step(trie, node, text.charCodeAt(index));
      const length = trie.longest[node] ?? 0;
      if (length > 0) addRange(ranges, index + 1 - length, index + 1);
    }
    const depth = trie.depth[node] ?? 0;
    if (depth >= cutLength) addRange(ranges, text.length - depth, text.length);
    return ranges;
  };
};
