// Every limit of the platform: its name, default and unit. A limit that is not here does not exist.

export const limits = {
  // source
  sourceFiles: { default: 100_000, unit: "files", what: "files of one source" },
  sourceFileBytes: { default: 512 * 2 ** 20, unit: "bytes", what: "one file of a source" },
  sourceBytes: { default: 2 * 2 ** 30, unit: "bytes", what: "all files of one source" },
  sourcePathBytes: { default: 1_024, unit: "bytes", what: "the path of one file of a source" },
  gitFetchMs: { default: 120_000, unit: "ms", what: "fetching a git source" },
  gitFetchBytes: { default: 4 * 2 ** 30, unit: "bytes", what: "what fetching a git source may hold on the disk: what came, and the files of it" },
  // build
  buildMs: { default: 900_000, unit: "ms", what: "one build" },
  buildMemoryBytes: { default: 2 * 2 ** 30, unit: "bytes", what: "memory of one build" },
  buildTmpBytes: { default: 512 * 2 ** 20, unit: "bytes", what: "/tmp of one build (counts as its memory)" },
  buildPids: { default: 2_048, unit: "processes", what: "processes of one build" },
  buildDiskBytes: { default: 16 * 2 ** 30, unit: "bytes", what: "what one build may hold on the disk, with the downloads that its app keeps" },
  buildFiles: { default: 2_000_000, unit: "files", what: "files of one build, with the downloads that its app keeps" },
  buildsAtOnce: { default: 2, unit: "builds", what: "builds that run at the same time" },
  buildsMemoryPercent: { default: 50, unit: "%", what: "of the machine's memory the running builds are promised together; one that asks for more runs alone" },
  buildCacheBytes: { default: 16 * 2 ** 30, unit: "bytes", what: "toolchain and dependency layers that no artifact needs now" },
  buildCacheMs: { default: 14 * 86_400_000, unit: "ms", what: "keeping a toolchain or dependency layer after its last use" },
  downloadCacheBytes: { default: 8 * 2 ** 30, unit: "bytes", what: "what the package managers of one app have downloaded" },
  collectGraceMs: { default: 600_000, unit: "ms", what: "before something new that nothing names yet counts as garbage" },
  imageBytes: { default: 4 * 2 ** 30, unit: "bytes", what: "all layers of one artifact" },
  // runtime
  instances: { default: 1, unit: "instances", what: "instances of an app that does not say" },
  instancesMax: { default: 32, unit: "instances", what: "instances of one app" },
  memoryBytes: { default: 512 * 2 ** 20, unit: "bytes", what: "memory of one instance" },
  memoryReserveBytes: { default: 768 * 2 ** 20, unit: "bytes", what: "of the machine's memory no instance or build gets (a tenth where that is more)" },
  cpus: { default: 1, unit: "cores", what: "processor time of one instance" },
  pids: { default: 512, unit: "processes", what: "processes and threads of one instance" },
  tmpBytes: { default: 64 * 2 ** 20, unit: "bytes", what: "/tmp of one instance (counts as its memory)" },
  tmpFiles: { default: 65_536, unit: "files", what: "files in /tmp, and in /dev/shm, of one instance or build" },
  openFiles: { default: 65_536, unit: "descriptors", what: "open files of one process" },
  flows: { default: 8_192, unit: "flows", what: "connections of one instance that the machine's firewall remembers; new ones beyond are dropped" },
  startMs: { default: 60_000, unit: "ms", what: "from start to the first healthy answer" },
  healthTimeoutMs: { default: 5_000, unit: "ms", what: "one health request" },
  stopMs: { default: 10_000, unit: "ms", what: "from SIGTERM to SIGKILL" },
  drainMs: { default: 30_000, unit: "ms", what: "requests in flight on the old release" },
  releaseCommandMs: { default: 300_000, unit: "ms", what: "the release command" },
  restartBackoffMaxMs: { default: 60_000, unit: "ms", what: "pause between restarts of a crashing instance" },
  parkedReleases: { default: 1, unit: "releases", what: "releases kept frozen for instant rollback, per app" },
  keptReleases: { default: 10, unit: "releases", what: "releases that rollback can reach, per app" },
  // disk, in the order in which it fills
  diskLowBytes: { default: 2 * 2 ** 30, unit: "bytes", what: "free on the disk; below it garbage is collected at once, and caches are garbage" },
  diskReserveBytes: {
    default: 512 * 2 ** 20,
    unit: "bytes",
    what: "free on the disk; below it builds, uploads and git fetches are refused, so that all else goes on",
  },
  diskLastBytes: {
    default: 64 * 2 ** 20,
    unit: "bytes",
    what: "free on the disk; below it lines of logs are dropped and the ballast is given up, so that the database goes on",
  },
  diskBallastBytes: { default: 256 * 2 ** 20, unit: "bytes", what: "a file that holds room for a full disk: what database and Restate need to start" },
  // delivery
  headerBytes: { default: 32 * 1_024, unit: "bytes", what: "request head" },
  headerMs: { default: 15_000, unit: "ms", what: "receiving a request head" },
  connectMs: { default: 2_000, unit: "ms", what: "connecting to an instance" },
  responseMs: { default: 60_000, unit: "ms", what: "waiting for the head of an answer" },
  idleMs: { default: 65_000, unit: "ms", what: "an idle kept-alive connection" },
  upstreamConnections: { default: 256, unit: "connections", what: "connections of one edge process to one instance" },
  upstreamQueue: { default: 1_024, unit: "requests", what: "requests that wait for a connection to one instance" },
  clientConnections: { default: 20_000, unit: "connections", what: "client connections of one edge process" },
  // logs
  logLineBytes: { default: 16_384, unit: "bytes", what: "one line of a log; the rest is cut" },
  logLinesPerSecond: { default: 2_000, unit: "lines/s", what: "lines of one instance or build; more are counted and dropped" },
  logAppBytes: { default: 64 * 2 ** 20, unit: "bytes", what: "kept lines of one app and one source; the oldest go first" },
  logsBytes: { default: 4 * 2 ** 30, unit: "bytes", what: "kept lines of all apps together; the oldest go first" },
  // control
  requestBytes: { default: 64 * 2 ** 20, unit: "bytes", what: "JSON body of one operation" },
  databaseAwayMs: { default: 10_000, unit: "ms", what: "a call waits for a database that is being started again" },
  idempotencyKeptMs: { default: 86_400_000, unit: "ms", what: "an idempotency key and its answer" },
  tokenGraceMs: { default: 3_600_000, unit: "ms", what: "how long a token works on after it was replaced, where that is not said" },
  secretBytes: { default: 65_536, unit: "bytes", what: "value of one secret or variable" },
} as const satisfies Record<string, { default: number; unit: string; what: string }>;

export type LimitName = keyof typeof limits;
/** The default of a limit, in the unit that its entry names. */
export const limit = (name: LimitName): number => limits[name].default;
