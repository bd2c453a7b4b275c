// A runtime that can wait in a sandbox, and becomes a program of an app there. One folder each, and a line in `runtimes.ts`.
import type { SandboxKind } from "@slipstream/contract/words.ts";

/** What a program is begun with. */
export interface Program {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** Folders of layers, lowest first: those of the app hold nothing but `/app`. */
export interface Layers {
  below: readonly string[];
  app: readonly string[];
}

export interface WaitingRuntime {
  /** Variables that it reads once, when it starts: it waits with those of the program. */
  early: RegExp;
  /** Variables that can name files of the app as it starts, or change what it is. */
  unfit: RegExp;
  /** The command by which what could become this program waits, from which it differs in nothing; undefined where nothing could. */
  commandFor: (program: Program, layers: Layers, kind: SandboxKind) => string | undefined;
  /** What it is told of a program for which it waits. Pure. */
  told: (program: Program) => Program;
  /** The file by which it waits. */
  file: string;
  text: () => string;
  /** Puts what it looks for as it starts, and the app would bring, into an empty layer; undefined where that is nothing. */
  pretend?: (layer: string, command: string) => void;
}
