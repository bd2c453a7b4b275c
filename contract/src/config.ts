// slip.toml as a schema. Nothing is required: an empty file, or none, deploys an ordinary app.
import { posix } from "node:path";
import { z } from "zod";
import { CronExpression } from "./cron.ts";
import { limit } from "./limits.ts";
import { SourcePath } from "./source-path.ts";
import { AppName, Hostname, SandboxKind, TextWithoutNul, VariableName } from "./words.ts";

const units = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 } as const;
/** A size such as "512MB" (binary multiples); becomes bytes. */
export const Size = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(b|kb|mb|gb)$/i, 'a size such as "512MB"')
  .transform((text) => Math.round(Number.parseFloat(text) * units[(/[a-z]+$/i.exec(text) ?? ["b"])[0].toLowerCase() as keyof typeof units]));

const periods = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** A duration such as "30s"; becomes milliseconds. */
export const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(ms|s|m|h)$/, 'a duration such as "30s"')
  .transform((text) => Math.round(Number.parseFloat(text) * periods[(/[a-z]+$/.exec(text) ?? ["ms"])[0] as keyof typeof periods]));

/** Less holds no program, nor gVisor's own kernel. */
const leastMemoryBytes = 16 * units.mb;
const mostMemoryBytes = 16_384 * units.gb;
const Memory = Size.refine((bytes) => bytes >= leastMemoryBytes, "at least 16MB").refine((bytes) => bytes <= mostMemoryBytes, "at most 16384GB");

/** A timer of Node that is set for longer ends at once. */
const longestTimerMs = 2 ** 31 - 1;
/** A duration that a timer waits for. */
const Period = Duration.refine((ms) => ms > 0, "more than 0s").refine((ms) => ms <= longestTimerMs, "at most 596h");

/** A command is a list of words (run as it is), or one line that /bin/sh in the sandbox reads. */
export const Command = z.union([
  TextWithoutNul.min(1).max(8_192),
  z
    .array(TextWithoutNul.max(8_192))
    .min(1)
    .max(256)
    .refine(([program]) => program !== "", "a list of words, the first of which names a program"),
]);
export type Command = z.infer<typeof Command>;

/** What can stand in the first line of a request as it is: anything else is to be percent-encoded. */
const RequestPath = z
  .string()
  .max(2_048)
  .regex(/^\//, "a path that starts with '/'")
  .regex(/^[\x21-\x7e]*$/, "a path whose blanks, and characters other than ASCII, are percent-encoded");

export const RouteConfig = z.strictObject({
  host: Hostname.optional(),
  path: RequestPath.regex(/^[^?#]*$/, "a path without '?' and '#'").default("/"),
});

/** A folder of the tree; "/dist" is one as well. */
const OutputPath = TextWithoutNul.refine((path) => !posix.normalize(path.replace(/^\/+/, "")).split("/").includes(".."), "a relative path inside the source");

/** Names that the platform sets itself, and that no variable or secret of an app may have. */
export const isReserved = (name: string): boolean => name === "PORT" || name.startsWith("SLIP_");
const RunVariableName = VariableName.refine((name) => !isReserved(name), "the platform sets it; the port is 'port' of [run]");

/** An edge tells the host in half of that time that somebody asks; the host looks every few seconds. */
const shortestSleepMs = 10_000;
/** Load is looked at every two seconds. */
const shortestDownMs = 5_000;
const instancesMax = 32;

interface Kinds<S, D, N> {
  memory: S;
  duration: D;
  /** What a timer waits for. */
  period: D;
  /** The name of a variable of the running app. */
  variable: N;
}

const configWith = <S extends z.ZodType<number>, D extends z.ZodType<number>, N extends z.ZodType<string, string>>({
  memory,
  duration,
  period,
  variable,
}: Kinds<S, D, N>) =>
  z.strictObject({
    name: AppName.optional(),
    build: z
      .strictObject({
        buildpack: z.enum(["function", "node", "static", "python"]).optional(),
        package: SourcePath.optional(),
        command: Command.optional(),
        install: Command.optional(),
        output: OutputPath.optional(),
        memory: memory.optional(),
        timeout: period.optional(),
        env: z.record(VariableName, TextWithoutNul).optional(),
        secrets: z.array(VariableName).optional(),
      })
      .optional(),
    function: z
      .strictObject({
        entry: SourcePath.optional(),
        style: z.enum(["fetch", "node"]).optional(),
        compatibility_date: z.iso.date('a date such as "2026-11-01"').optional(),
        compatibility_flags: z
          .array(z.string().regex(/^[a-z0-9_]{1,100}$/, 'the name of a flag of workerd, such as "nodejs_als"'))
          .max(64)
          .optional(),
        schedule: z.array(CronExpression).max(limit("schedules")).optional(),
        process: z.enum(["shared", "own"]).optional(),
      })
      .optional(),
    run: z
      .strictObject({
        command: Command.optional(),
        port: z.int().min(1).max(65_535).optional(),
        protocol: z.enum(["http1", "http2"]).optional(),
        instances: z.int().min(1).max(instancesMax).optional(),
        memory: memory.optional(),
        cpus: z.number().min(0.05).max(64).optional(),
        sandbox: SandboxKind.optional(),
        release_command: Command.optional(),
        env: z.record(variable, TextWithoutNul).optional(),
      })
      .optional(),
    health: z
      .strictObject({
        path: RequestPath.optional(),
        timeout: period.optional(),
        start: period.optional(),
      })
      .optional(),
    sleep: z
      .strictObject({
        enabled: z.boolean().optional(),
        after: duration.refine((ms) => ms >= shortestSleepMs, "at least 10s").optional(),
        stop: duration.optional(),
      })
      .optional(),
    scale: z
      .strictObject({
        min: z.int().min(0).max(instancesMax).optional(),
        max: z.int().min(1).max(instancesMax).optional(),
        requests: z.number().min(0.1).max(10_000).optional(),
        cpu: z.number().min(0.05).max(1).optional(),
        down: duration.refine((ms) => ms >= shortestDownMs, "at least 5s").optional(),
      })
      .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, { message: "more than scale.max", path: ["min"] })
      .optional(),
    routes: z.array(RouteConfig).max(64).optional(),
  });
/** The file as it is written. */
export const AppConfig = configWith({ memory: Memory, duration: Duration, period: Period, variable: RunVariableName });
/** The file as our processes hand it to one another: already parsed. */
export const ParsedAppConfig = configWith({ memory: z.number(), duration: z.number(), period: z.number(), variable: VariableName });
/** The parsed file: sizes are bytes, durations are milliseconds. */
export type AppConfig = z.infer<typeof AppConfig>;
