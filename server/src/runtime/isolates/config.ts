// How workerd is started to hold the functions of a project (Cap'n Proto's text). Pure.
import { limit } from "@slipstream/contract/limits.ts";
import { controlPort, portOf } from "./places.ts";

/** Mounted in the sandbox. */
export const filesAt = "/run/functions";
export const secretVariable = "SLIP_FUNCTIONS";

const mebibyte = 2 ** 20;
/** V8 knows no heap of 4 GB. */
const heapMaxMegabytes = 4_095;

/** Memory of a process whose functions may have `memoryBytes` each, but not all at once: beside that, each has the little that it takes to be there. */
export const processMemory = (memoryBytes: number): number => memoryBytes + limit("functionsPerProcess") * limit("functionBytes");

/** What one function may hold before V8 ends the process: less than the sandbox, so that it is V8 who collects first. */
const heapMegabytes = (memoryBytes: number): number => Math.min(heapMaxMegabytes, Math.floor((memoryBytes * 3) / 4 / mebibyte));

const socket = (place: number): string =>
  `    (name = "${place}", address = "0.0.0.0:${portOf(place)}", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = (name = "router", props = (json = ${JSON.stringify(JSON.stringify({ place }))}))),`;

/** Functions reach what their sandbox's rules allow, but for themselves: nothing that listens in there is theirs to ask. */
export const processConfig = (of: { memoryBytes: number; address: string }): string =>
  [
    'using Workerd = import "/workerd/workerd.capnp";',
    "const config :Workerd.Config = (",
    `  v8Flags = ["--max-heap-size=${heapMegabytes(of.memoryBytes)}"],`,
    "  services = [",
    '    (name = "router", worker = (',
    '      modules = [(name = "router", esModule = embed "router.mjs")],',
    '      compatibilityDate = "2026-11-01", compatibilityFlags = ["experimental"],',
    "      bindings = [",
    '        (name = "LOADER", workerLoader = (id = "functions")),',
    '        (name = "INTERNET", service = "internet"),',
    `        (name = "SECRET", fromEnvironment = "${secretVariable}"),`,
    "      ])),",
    `    (name = "internet", network = (allow = ["public", "private"], deny = ["local", "${of.address}/32"], tlsOptions = (trustBrowserCas = true))),`,
    "  ],",
    "  sockets = [",
    `    (name = "control", address = "0.0.0.0:${controlPort}", http = (), service = (name = "router", entrypoint = "control")),`,
    ...Array.from({ length: limit("functionsPerProcess") }, (_, place) => socket(place)),
    "  ],",
    '  logging = (stdoutPrefix = "", stderrPrefix = ""),',
    ");",
    "",
  ].join("\n");
