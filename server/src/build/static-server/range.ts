// Byte ranges of one part (RFC 9110 §14).

export type ByteRange = { kind: "all" } | { kind: "part"; start: number; end: number } | { kind: "unsatisfiable" };

/** Several ranges at once, or a header that is none, read as "all", which the RFC allows. `end` is inclusive. */
export const rangeOf = (header: string | undefined, size: number): ByteRange => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (!match || (first === "" && last === "")) return { kind: "all" };
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return { kind: "all" };
  return start >= size || (first === "" && Number(last) === 0) ? { kind: "unsatisfiable" } : { kind: "part", start, end };
};
