// Text of strangers on a terminal: shown, never obeyed.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One line without escape sequences, control characters and marks that turn the direction of writing. Tabs stay. */
export const safeText = (text: string): string => text.replace(sequences, "").replaceAll("\n", " ").replace(controls, "");
