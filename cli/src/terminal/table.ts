// Rows of text as a table: aligned for people, separated by tabs for programs.
import { safeText } from "./text.ts";

/** Aligned columns with a heading, two spaces between them; the last column is not padded. */
export const alignedTable = (heading: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const all = [heading.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(safeText))];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
};

/** One line a row without a heading; tabs and line ends inside a cell become spaces. */
export const tabbedTable = (rows: readonly (readonly string[])[]): string[] => rows.map((row) => row.map((cell) => cell.replace(/[\t\r\n]/g, " ")).join("\t"));
