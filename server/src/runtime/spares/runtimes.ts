// The runtimes that can wait for a program. The first that could become one is taken.
import { node } from "./node/node.ts";
import { python } from "./python/python.ts";
import type { WaitingRuntime } from "./waiting-runtime.ts";

export const runtimes = { node, python } satisfies Record<string, WaitingRuntime>;

export type RuntimeName = keyof typeof runtimes;

export const runtimeNames = Object.keys(runtimes) as RuntimeName[];

export const runtimeOf = (name: RuntimeName): WaitingRuntime => runtimes[name];
