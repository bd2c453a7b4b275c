// slip.toml as a schema. Nothing is required: an empty file, or none, deploys an ordinary app.
import { z } from "zod";
import { CronExpression } from "./cron.ts";
import { limit } from "./limits.ts";
import { SourcePath } from "./source-path.ts";
import { AppName, Hostname, SandboxKind, VariableName } from "./words.ts";

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

/** A command is a list of words (run as it is), or one line that /bin/sh in the sandbox reads. */
export const Command = z.union([z.string().min(1).max(8_192), z.array(z.string().max(8_192)).min(1).max(256)]);
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

/** An edge tells the host in half of that time that somebody asks; the host looks every few seconds. */
const shortestSleepMs = 10_000;
/** Load is looked at every two seconds. */
const shortestDownMs = 5_000;
const instancesMax = 32;

const configWith = <S extends z.ZodType<number>, D extends z.ZodType<number>>(size: S, duration: D) =>
  z.strictObject({
    name: AppName.optional(),
    build: z
      .strictObject({
        buildpack: z.enum(["function", "node", "static", "python"]).optional(),
        command: Command.optional(),
        install: Command.optional(),
        output: z.string().optional(),
        memory: size.optional(),
        timeout: duration.optional(),
        env: z.record(VariableName, z.string()).optional(),
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
        memory: size.optional(),
        cpus: z.number().min(0.05).max(64).optional(),
        sandbox: SandboxKind.optional(),
        release_command: Command.optional(),
        env: z.record(VariableName, z.string()).optional(),
      })
      .optional(),
    health: z
      .strictObject({
        path: RequestPath.optional(),
        timeout: duration.optional(),
        start: duration.optional(),
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
export const AppConfig = configWith(Size, Duration);
/** The file as our processes hand it to one another: already parsed. */
export const ParsedAppConfig = configWith(z.number(), z.number());
/** The parsed file: sizes are bytes, durations are milliseconds. */
export type AppConfig = z.infer<typeof AppConfig>;
