// The main module of every function: makes one kind of handler of what the source exports, whatever its style. Runs in workerd.
import type { RequestListener } from "node:http";
import entry from "slip:entry";

interface Context {
  waitUntil(work: Promise<unknown>): void;
}
interface Handler {
  fetch(request: Request, env: unknown, context: Context): unknown;
}
type HandlerClass = new (context: Context, env: unknown) => Handler;

/** What slip.toml says, "" where it says nothing. The bundler puts it in. */
declare const functionStyle: "fetch" | "node" | "";

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

const handlerOf = async (exported: unknown): Promise<Handler> => {
  if (isClass(exported)) return { fetch: (request, env, context) => new exported(context, env).fetch(request, env, context) };
  if (hasFetch(exported)) return exported;
  if (!isFunction(exported)) throw new TypeError("The default export is neither an object with fetch() nor a function.");
  // A function of two parameters is Node's, one of one parameter takes a Request.
  const style = functionStyle || (exported.length < 2 ? "fetch" : "node");
  return style === "node" ? await nodeHandler(exported) : { fetch: exported };
};

/** Work that goes on after the answer has nobody else to tell that it failed. */
const telling = (context: Context): Context => {
  const waitUntil = context.waitUntil.bind(context);
  context.waitUntil = (work) => waitUntil(Promise.resolve(work).catch((error: unknown) => console.error(error)));
  return context;
};

const handler = await handlerOf(entry);

addEventListener("unhandledrejection", ({ reason }) => console.error("Unhandled rejection:", reason));

export default {
  async fetch(request: Request, env: unknown, context: Context): Promise<Response> {
    try {
      const answer = await handler.fetch(request, env, telling(context));
      if (answer instanceof Response) return answer;
      throw new TypeError(`fetch() gave ${answer === null ? "null" : typeof answer}, and no Response.`);
    } catch (error) {
      console.error(error);
      return new Response(failureText, failure);
    }
  },
};
