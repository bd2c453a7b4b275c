// A sign: a form of words that a tool writes for one kind of failure and no other, and what it means.

/** Where the words were written. */
export type During = "install" | "build" | "run";

/** What is known besides the words. */
export interface Surroundings {
  app: string;
  during: During;
  /** Memory of the sandbox. */
  memoryBytes: number;
  /** Names of the variables that the program was given. */
  variables: readonly string[];
  /** The port that it was told to listen on. */
  port?: number;
}

export interface Place {
  file: string;
  line?: number;
}

export interface Diagnosis {
  /** In place of how the program ended, where the words know better. */
  code?: "out_of_memory" | "build_out_of_memory";
  cause?: string;
  /** Each one alone is enough, the likeliest first. */
  actions?: readonly string[];
  place?: Place;
}

export interface Sign {
  /** Everywhere when it is left out. */
  during?: readonly During[];
  /** Only where a program ended with the dump of an error, which is then the reason. */
  inDump?: true;
  /** Groups catch names only, of letters that no shell gives a meaning: they stand in commands that a reader may run. */
  pattern: RegExp;
  /** Undefined when what is known besides speaks against it. */
  read(groups: readonly (string | undefined)[], around: Surroundings): Diagnosis | undefined;
}

/** The table of slip.toml that the words are about. */
export const tableOf = ({ during }: Surroundings): "run" | "build" => (during === "run" ? "run" : "build");

export const again = ", then deploy again.";
