// The main module of every function: makes one kind of handler of what the source exports, whatever its style. Runs in workerd.
import type { RequestListener } from "node:http";
import entry from "slip:entry";

interface Context {
  waitUntil(work: Promise<unknown>): void;
}
interface ScheduledEvent {
  type: "scheduled";
  cron: string;
  /** In milliseconds since 1970. */
  scheduledTime: number;
  noRetry(): void;
}
interface Handler {
  fetch(request: Request, env: unknown, context: Context): unknown;
  scheduled?(event: ScheduledEvent, env: unknown, context: Context): unknown;
}
type HandlerClass = new (context: Context, env: unknown) => Handler;

/** What slip.toml says, "" where it says nothing. The bundler puts these in. */
declare const functionStyle: "fetch" | "node" | "";
declare const isScheduled: boolean;
/** workerd's own. */
declare const Cache: { prototype: object };

const isFunction = (value: unknown): value is (...given: unknown[]) => unknown => typeof value === "function";
const hasFetch = (value: unknown): value is Handler =>
  value !== null && ["object", "function"].includes(typeof value) && isFunction(Reflect.get(Object(value), "fetch"));
const isClass = (value: unknown): value is HandlerClass => isFunction(value) && hasFetch(value.prototype);

const failure = { status: 500, headers: { "content-type": "text/plain; charset=utf-8" } } as const;
const failureText = "Internal Server Error\n";

/** A handler of Node's that throws would end Node; here its request alone ends. */
const listenerOf =
  (listen: RequestListener): RequestListener =>
  async (request, response) => {
    try {
      await listen(request, response);
    } catch (error) {
      console.error(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(failure.status, failure.headers).end(failureText);
    }
  };

/** workerd takes the client's protocol out of the headers, where a server of Node looks for it. */
const withProtocol = (request: Request): Request => {
  const copy = new Request(request);
  copy.headers.set("x-forwarded-proto", new URL(request.url).protocol.slice(0, -1));
  return copy;
};

const nodeHandler = async (listen: RequestListener): Promise<Handler> => {
  const [{ createServer }, { httpServerHandler }] = await Promise.all([import("node:http"), import("cloudflare:node")]);
  const handler = httpServerHandler(createServer(listenerOf(listen)).listen());
  return { fetch: (request, env, context) => handler.fetch(withProtocol(request), env, context) };
};

/** Each call has an object of its own, as a class of workerd's expects it. */
const classHandler = (exported: HandlerClass): Handler => ({
  fetch: (request, env, context) => new exported(context, env).fetch(request, env, context),
  ...(isFunction(exported.prototype.scheduled) ? { scheduled: (event, env, context) => new exported(context, env).scheduled?.(event, env, context) } : {}),
});

/** Not the object itself: a router that takes every name for a method has a then() too, which await would call. */
const objectHandler = (exported: Handler): Handler => ({
  fetch: (request, env, context) => exported.fetch(request, env, context),
  ...(isFunction(exported.scheduled) ? { scheduled: (event, env, context) => exported.scheduled?.(event, env, context) } : {}),
});

const handlerOf = async (exported: unknown): Promise<Handler> => {
  if (isClass(exported)) return classHandler(exported);
  if (hasFetch(exported)) return objectHandler(exported);
  if (!isFunction(exported)) throw new TypeError("The default export is neither an object with fetch() nor a function.");
  // A function of two parameters is Node's, one of one parameter takes a Request.
  const style = functionStyle || (exported.length < 2 ? "fetch" : "node");
  return style === "node" ? await nodeHandler(exported) : { fetch: exported };
};

/** Gives the work that goes on after the answer, as it comes to be; it has nobody else to tell that it failed. */
const followed = (context: Context): Promise<unknown>[] => {
  const works: Promise<unknown>[] = [];
  const waitUntil = context.waitUntil.bind(context);
  context.waitUntil = (work) => {
    const told = Promise.resolve(work).catch((error: unknown) => {
      console.error(error);
      throw error;
    });
    works.push(told);
    waitUntil(told.catch(() => {}));
  };
  return works;
};

const handler = await handlerOf(entry);
if (isScheduled && !isFunction(handler.scheduled)) throw new TypeError("There is a schedule, but the default export has no scheduled().");

addEventListener("unhandledrejection", ({ reason }) => console.error("Unhandled rejection:", reason));
addEventListener("error", ({ error, message }) => console.error("Uncaught:", error ?? message));

/** workerd tells nobody what the function of a timer throws. */
const told =
  (act: (...given: unknown[]) => unknown) =>
  (...given: unknown[]): unknown => {
    try {
      return act(...given);
    } catch (error) {
      console.error("Uncaught in a timer:", error);
      throw error;
    }
  };
for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
  const plain: unknown = Reflect.get(globalThis, name);
  if (!isFunction(plain)) continue;
  const telling = (act: unknown, ...more: unknown[]): unknown => plain(isFunction(act) ? told(act) : act, ...more);
  // promisify() finds what it needs at the function itself.
  Reflect.set(globalThis, name, Object.defineProperties(telling, Object.getOwnPropertyDescriptors(plain)));
}

/** There is no cache here. As where Workers have none, it holds nothing, and nobody fails by that. */
const emptyCache = {
  match: () => Promise.resolve(undefined),
  put: async (_key: unknown, { body }: Response) => await body?.cancel(),
  delete: () => Promise.resolve(false),
};
Object.assign(Cache.prototype, emptyCache);

export default {
  async fetch(request: Request, env: unknown, context: Context): Promise<Response> {
    try {
      void followed(context);
      const answer = await handler.fetch(request, env, context);
      if (answer instanceof Response) return answer;
      throw new TypeError(`fetch() gave ${answer === null ? "null" : typeof answer}, and no Response.`);
    } catch (error) {
      console.error(error);
      return new Response(failureText, failure);
    }
  },
};

const call = async (event: ScheduledEvent, env: unknown, context: Context): Promise<void> => {
  const works = followed(context);
  try {
    await handler.scheduled?.(event, env, context);
  } catch (error) {
    console.error(error);
    throw error;
  }
  await Promise.all(works);
};

/** What the platform asks at the times of the schedule; it listens on a port of its own. */
export const scheduled = {
  async fetch(request: Request, env: unknown, context: Context): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const event = { type: "scheduled", cron: searchParams.get("cron") ?? "", scheduledTime: Number(searchParams.get("due")), noRetry() {} } as const;
    try {
      await call(event, env, context);
      return Response.json({ outcome: "done" });
    } catch (error) {
      return Response.json({ outcome: "failed", error: String(error).slice(0, 1_000) });
    }
  },
};
