// The program of the process in which a project's functions are: loads each into an isolate of its own and brings it what comes to its port.
// Runs in workerd. The host process tells it what to load, by a port and a secret of its own.
import { DurableObject } from "cloudflare:workers";
import type { LoadRequest } from "./line.ts";

interface Fetcher {
  fetch(request: Request): Promise<Response>;
}
interface Worker {
  getEntrypoint(name?: string): Fetcher;
}
interface WorkerCode {
  compatibilityDate: string;
  compatibilityFlags: readonly string[];
  mainModule: string;
  modules: Record<string, { js: string } | { wasm: ArrayBuffer } | { data: ArrayBuffer }>;
  env: Record<string, string>;
  globalOutbound: Fetcher;
}
interface Environment {
  SECRET: string;
  INTERNET: Fetcher;
  LOADER: { load(code: WorkerCode): Worker };
  HOLDERS: { idFromName(name: string): unknown; get(id: unknown): Holder };
}
interface Context {
  props: { place: number };
}

/** What holds the function of a place: an isolate lives for as long as an object that has loaded it, and no other way lets it go again. */
interface Held {
  name: string;
  mark: string;
  /** Something has come of its load. */
  isUp: boolean;
}

const held = new Map<number, Held>();
let heldCount = 0;
/** Of functions that rest: the next request loads them, with the leave of the host process that has put them here. */
const resting = new Map<number, LoadRequest>();
/** What each object is to load, by its name, until it has done so. */
const toLoad = new Map<string, LoadRequest>();

const bytesOf = (base64: string): ArrayBuffer => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;

/**
 * The first module to run: puts what nobody else knows before and after all that the function says. It loads nothing of Node, which would be a
 * tenth of what a small function holds, but for a text with places for values: the mark would be taken for one.
 */
const marking = (mark: string): string => `
const mark = ${JSON.stringify(mark)};
for (const name of ["debug", "error", "info", "log", "trace", "warn"]) {
  const say = console[name].bind(console);
  console[name] = (...values) => {
    const hasPlaces = typeof values[0] === "string" && values[0].includes("%");
    const [first, ...rest] = hasPlaces ? [process.getBuiltinModule("node:util").format(...values).replaceAll("%", "%%")] : values;
    if (typeof first === "string") say(mark + " " + first, ...rest, mark);
    else say(mark, ...values, mark);
  };
}
export const slipReady = { fetch: () => new Response() };`;

/** Before the function's own first line, on that line: another module would be more to hold and to load. */
const beforeIt = 'import "./slip-marking";export{slipReady}from"./slip-marking";';

const codeOf = ({ compatibilityDate, compatibilityFlags, modules, env, mark }: LoadRequest, globalOutbound: Fetcher): WorkerCode => {
  const own = modules.map(
    ({ name, kind, content }, index) =>
      [
        name,
        kind === "esModule" ? { js: index === 0 ? beforeIt + content : content } : kind === "wasm" ? { wasm: bytesOf(content) } : { data: bytesOf(content) },
      ] as const,
  );
  return {
    compatibilityDate,
    compatibilityFlags,
    mainModule: modules[0]?.name ?? "",
    modules: { "slip-marking": { js: marking(mark) }, ...Object.fromEntries(own) },
    env,
    globalOutbound,
  };
};

/** Has one function for as long as it is loaded. Each of its calls loads it where none has: so a load is the answer to a request, too. */
export class Holder extends DurableObject<Environment> {
  #worker: Worker | undefined;

  override async fetch(request: Request): Promise<Response> {
    return await this.#entry().fetch(request);
  }

  /** Gives why it cannot be loaded; undefined when it is. */
  async load(): Promise<string | undefined> {
    try {
      await this.#entry("slipReady").fetch(new Request("http://function/"));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async scheduled(url: string): Promise<Response> {
    return await this.#entry("scheduled").fetch(new Request(url, { method: "POST" }));
  }

  end(): void {
    this.ctx.abort("It was ended.");
  }

  #entry(name?: string): Fetcher {
    this.#worker ??= this.#load();
    return this.#worker.getEntrypoint(name);
  }

  #load(): Worker {
    const { name = "" } = this.ctx.id;
    const asked = toLoad.get(name);
    toLoad.delete(name);
    if (!asked) throw new Error("Nothing is loaded.");
    return this.env.LOADER.load(codeOf(asked, this.env.INTERNET));
  }
}

const holderOf = (env: Environment, { name }: Held): Holder => env.HOLDERS.get(env.HOLDERS.idFromName(name));

/** Edges know by this that nothing was done with a request. */
const nothingThere = (): Response => new Response("Nothing is here.\n", { status: 503, headers: { "slip-asleep": "1", "retry-after": "1" } });

const letGo = async (env: Environment, place: number, gone = held.get(place)): Promise<void> => {
  if (!gone) return;
  if (held.get(place) === gone) held.delete(place);
  toLoad.delete(gone.name);
  // It ends by that, and answers nobody any more.
  await Promise.resolve(holderOf(env, gone).end()).catch(() => {});
};

const hold = (place: number, asked: LoadRequest): Held => {
  heldCount += 1;
  const made = { name: `${heldCount}`, mark: asked.mark, isUp: false };
  held.set(place, made);
  toLoad.set(made.name, asked);
  return made;
};

/** What is at a place, or rests there. */
const heldAt = (place: number): Held | undefined => {
  const asked = resting.get(place);
  resting.delete(place);
  return held.get(place) ?? (asked && hold(place, asked));
};

/** Asked again, what only reads does nothing twice. */
const mayBeRepeated = ({ method }: Request): boolean => method === "GET" || method === "HEAD";

/** Who asks for what could not be loaded, or was ended before it has answered, may ask again once the host process has woken it. */
const answerOf = async (env: Environment, place: number, request: Request): Promise<Response> => {
  const at = heldAt(place);
  if (!at) return nothingThere();
  try {
    const answer = await holderOf(env, at).fetch(request);
    at.isUp = true;
    return answer;
  } catch (error) {
    const isThere = at.isUp && held.get(place) === at;
    if (!at.isUp) await letGo(env, place, at);
    if (isThere || !mayBeRepeated(request)) throw error;
    return nothingThere();
  }
};

export default {
  fetch(request: Request, env: Environment, { props: { place } }: Context): Promise<Response> {
    return answerOf(env, place, request);
  },
};

/** Waits until it is loaded, and says why where it cannot be. */
const untilUp = async (env: Environment, place: number, at: Held): Promise<Response> => {
  const trouble = await holderOf(env, at).load();
  if (trouble === undefined) {
    at.isUp = true;
    return new Response();
  }
  await letGo(env, place, at);
  return new Response(trouble, { status: 422 });
};

const load = async (env: Environment, place: number, asked: LoadRequest): Promise<Response> => {
  resting.delete(place);
  await letGo(env, place);
  return await untilUp(env, place, hold(place, asked));
};

/** Of a function that rests here; a request may have loaded it meanwhile. 404 where it is not here. */
const wake = async (env: Environment, place: number, mark: string): Promise<Response> => {
  const there = held.get(place) ?? resting.get(place);
  const at = there?.mark === mark ? heldAt(place) : undefined;
  return at ? await untilUp(env, place, at) : new Response(null, { status: 404 });
};

const rest = async (env: Environment, place: number, asked: LoadRequest | undefined): Promise<Response> => {
  if (asked) resting.set(place, asked);
  else resting.delete(place);
  await letGo(env, place);
  return new Response();
};

const scheduled = async (env: Environment, place: number, url: string): Promise<Response> => {
  const at = held.get(place);
  return at ? await holderOf(env, at).scheduled(url) : nothingThere();
};

/** What the host process asks: of the place that the path names, or whether this process answers at all. */
export const control = {
  async fetch(request: Request, env: Environment): Promise<Response> {
    if (request.headers.get("authorization") !== env.SECRET) return new Response(null, { status: 401 });
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response();
    const [, number, act, mark = ""] = pathname.split("/");
    const place = Number(number);
    if (request.method === "DELETE") return await rest(env, place, undefined);
    if (act === "rest") return await rest(env, place, (await request.json()) as LoadRequest);
    if (act === "wake") return await wake(env, place, mark);
    if (request.method === "PUT") return await load(env, place, (await request.json()) as LoadRequest);
    return await scheduled(env, place, request.url);
  },
};
