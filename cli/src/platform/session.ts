// A conversation with the platform: checks input before it is sent, and goes on when control went away for a moment.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, Client } from "@slipstream/contract/client.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import type { InputOf, OperationName, OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Environment } from "../environment.ts";
import type { Screen } from "../terminal/screen.ts";
import { explained } from "./absence.ts";
import { accessOf } from "./access.ts";
import { standsStill, type Watch, watchSilence } from "./silence.ts";
import { startPlatform } from "./start.ts";

/** How long a platform that answered before may be away. */
const awayMs = 60_000;
const retryMs = 250;
/** Room comes when something else that is sent has arrived. */
const roomMs = 1_000;

/** `impatient`: a platform that is away is an error at once. `patient`: one that has no room now is asked again. */
export type Call = CallOptions & { bytes?: Buffer; impatient?: boolean; patient?: boolean };

export interface Session {
  call<N extends OperationName>(name: N, input: InputOf<N>, options?: Call): Promise<OutputOf<N>>;
  /** Lines of an operation; tries again until the first one came. */
  lines<N extends OperationName>(name: N, input: InputOf<N>, options?: CallOptions): AsyncGenerator<OutputOf<N>>;
  /** Throws `invalid_input` for what the platform would refuse, before anything is sent. */
  check<N extends OperationName>(name: N, input: InputOf<N>): Promise<void>;
  /** Starts the platform of this machine where none runs. */
  ensureRunning(): Promise<void>;
  /** Loads what the first call needs, for a moment in which another program is waited for. */
  warm(): void;
}

export const isUnreachable = (error: unknown): boolean => error instanceof SlipError && error.code === "unreachable";

/** Waits before another try; throws `error` when the platform has been away since `since` for too long. */
export const waitForReturn = async (error: unknown, since: number): Promise<void> => {
  if (!isUnreachable(error) || performance.now() - since > awayMs) throw error;
  await sleep(retryMs);
};

/** Waits before another try where the platform has no room; throws `error` else, and after too long. */
const waitForRoom = async (error: unknown, since: number): Promise<void> => {
  if (!(error instanceof SlipError && error.code === "rate_limited") || performance.now() - since > awayMs) throw error;
  await sleep(roomMs);
};

/** Reading the contract takes longer than everything else the CLI loads, so it is loaded when something is asked. */
const loadContract = async () => {
  const [{ Client }, { operations }] = await Promise.all([import("@slipstream/contract/client.ts"), import("@slipstream/contract/operations/registry.ts")]);
  const check = (name: OperationName, input: unknown): void => {
    const parsed = operations[name].input.safeParse(input);
    if (!parsed.success) throw new SlipError("invalid_input", `Wrong ${mistakeOf(parsed.error.issues[0])}.`);
  };
  return { Client, check, effectOf: (name: OperationName) => operations[name].effect };
};

/** Whether control is away for a moment only: the supervisor of this machine brings it back. */
const isSupervised = async (environment: Environment): Promise<boolean> => {
  if (environment.url !== undefined) return false;
  const { processesOf } = await import("./processes.ts");
  return (await processesOf(environment).catch(() => undefined))?.running === true;
};

/** The platform had taken the request, so it is there and comes back. */
export const brokeOff = (error: unknown): boolean =>
  isUnreachable(error) && ((error as SlipError).cause as NodeJS.ErrnoException | undefined)?.code === "ECONNRESET";

const signalWith = ({ signal }: CallOptions, { stopped }: Watch): AbortSignal => (signal ? AbortSignal.any([signal, stopped]) : stopped);

export const openSession = (environment: Environment, screen: Screen): Session => {
  let opened: ReturnType<typeof open> | undefined;
  let known = false;
  const open = async () => {
    const { Client, ...contract } = await loadContract();
    return { ...contract, client: new Client(accessOf(environment)) };
  };
  const ready = () => {
    opened ??= open();
    return opened;
  };
  /** Asks until there is an answer. */
  const ask = async <N extends OperationName>(client: Client, name: N, input: InputOf<N>, options: Call): Promise<OutputOf<N>> => {
    for (const since = performance.now(); ; ) {
      try {
        const output = await client.call(name, input, options);
        known = true;
        return output;
      } catch (error) {
        if (!isUnreachable(error) && options.patient) await waitForRoom(error, since);
        else if (!isUnreachable(error) || options.impatient) throw error;
        else {
          known ||= brokeOff(error) || (await isSupervised(environment));
          if (!known) throw explained(environment, error);
          await waitForReturn(error, since);
        }
      }
    }
  };
  return {
    async call(name, input, options = {}) {
      const { client, check, effectOf } = await ready();
      check(name, input);
      const once = { ...options, idempotencyKey: options.idempotencyKey ?? randomUUID() };
      if (options.impatient || options.bytes) return ask(client, name, input, once);
      using watch = watchSilence(client);
      const signal = signalWith(options, watch);
      try {
        return await ask(client, name, input, { ...once, signal });
      } catch (error) {
        throw watch.stopped.aborted ? standsStill(effectOf(name) !== "read") : error;
      }
    },
    async *lines(name, input, options = {}) {
      const { client, check } = await ready();
      check(name, input);
      for (let started = false, since = performance.now(); ; ) {
        using watch = watchSilence(client);
        const signal = signalWith(options, watch);
        try {
          for await (const line of client.lines(name, input, { ...options, signal, onAnswer: () => watch[Symbol.dispose]() })) {
            started = true;
            yield line;
          }
          return;
        } catch (error) {
          if (watch.stopped.aborted) throw standsStill(false);
          if (started || !isUnreachable(error) || !(await isSupervised(environment))) throw explained(environment, error);
          await waitForReturn(error, since);
        }
      }
    },
    check: async (name, input) => (await loadContract()).check(name, input),
    warm: () => void loadContract().catch(() => {}),
    async ensureRunning() {
      await startPlatform(environment, screen);
      opened = undefined;
      known = environment.url === undefined;
    },
  };
};
