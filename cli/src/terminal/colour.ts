// Colours as functions, so that no caller asks whether there are any.

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;
export type Colours = Record<keyof typeof codes, (text: string) => string>;

export const coloursWhen = (on: boolean): Colours =>
  Object.fromEntries(
    Object.entries(codes).map(([name, [start, end]]) => [name, (text: string) => (on ? `\u001b[${start}m${text}\u001b[${end}m` : text)]),
  ) as Colours;
