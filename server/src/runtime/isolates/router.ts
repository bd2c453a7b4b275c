// The program of the process in which a project's functions are: loads each into an isolate of its own and brings it what comes to its port.
// Runs in workerd. The host process tells it what to load, by a port and a secret of its own.
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
  /** Asks for the code of a name that it does not hold. */
  LOADER: { get(name: string, code: () => WorkerCode): Worker };
}
interface Context {
  props: { place: number };
}

/** The function of a place. Worker Loader holds it by its name, which none has twice, until it ends itself. */
interface Held {
  name: string;
  mark: string;
  /** What is to be loaded, until it is. */
  asked: LoadRequest | undefined;
  /** Something has come of its load. */
  isUp: boolean;
}

const held = new Map<number, Held>();
let heldCount = 0;
/** Of functions that rest: the next request loads them, with the leave of the host process that has put them here. */
const resting = new Map<number, LoadRequest>();

const bytesOf = (base64: string): ArrayBuffer => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;

/**
 * The first module to run: puts what nobody else knows before and after all that the function says, and can end its isolate. It loads nothing of Node, which would be a
 * tenth of what a small function holds, or of workerd, but for its end and for a text with places for values: the mark would be taken for one.
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
export const slipReady = { fetch: () => new Response() };
export const slipEnd = { fetch: async () => (await import("cloudflare:workers")).abortIsolate("It was ended.") };`;

/** Before the function's own first line, on that line: another module would be more to hold and to load. */
const beforeIt = 'import "./slip-marking";export{slipReady,slipEnd}from"./slip-marking";';

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
    // The last: no module of its own can take that name.
    modules: { ...Object.fromEntries(own), "slip-marking": { js: marking(mark) } },
    env,
    globalOutbound,
  };
};

/** Of one that was loaded, Worker Loader asks for it again where it has ended itself: that is said to the host process (marks.ts), which starts it again. */
const takeCode = (env: Environment, place: number, at: Held): WorkerCode => {
  const { asked } = at;
  at.asked = undefined;
  if (asked) return codeOf(asked, env.INTERNET);
  if (held.get(place) === at) {
    held.delete(place);
    console.error(`${at.mark}!ended`);
  }
  throw new Error("The function has ended itself.");
};

/** Loads it where nothing has: so a load is the answer to a request, too. */
const entryOf = (env: Environment, place: number, at: Held, name?: string): Fetcher =>
  env.LOADER.get(at.name, () => takeCode(env, place, at)).getEntrypoint(name);

/** In the name of a function, as what it says itself is marked. */
const say = (mark: string, text: string): void => console.error(mark, text, mark);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Edges know by this that nothing was done with a request. */
const nothingThere = (): Response => new Response("Nothing is here.\n", { status: 503, headers: { "slip-asleep": "1", "retry-after": "1" } });

const letGo = async (env: Environment, place: number, gone = held.get(place)): Promise<void> => {
  if (!gone) return;
  if (held.get(place) === gone) held.delete(place);
  // It ends by that, and answers nobody any more.
  await entryOf(env, place, gone, "slipEnd")
    .fetch(new Request("http://function/"))
    .catch(() => {});
};

const hold = (place: number, asked: LoadRequest): Held => {
  heldCount += 1;
  const made = { name: `${heldCount}`, mark: asked.mark, asked, isUp: false };
  held.set(place, made);
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
    const answer = await entryOf(env, place, at).fetch(request);
    at.isUp = true;
    return answer;
  } catch (error) {
    const isThere = at.isUp && held.get(place) === at;
    if (!at.isUp) await letGo(env, place, at);
    if (!isThere && mayBeRepeated(request)) return nothingThere();
    // Thrown on, it would be a line of workerd's, of which nobody knows whose it is.
    say(at.mark, messageOf(error));
    return new Response("Internal Server Error", { status: 500 });
  }
};

export default {
  fetch(request: Request, env: Environment, { props: { place } }: Context): Promise<Response> {
    return answerOf(env, place, request);
  },
};

/** Waits until it is loaded, and says why where it cannot be. */
const untilUp = async (env: Environment, place: number, at: Held): Promise<Response> => {
  try {
    await entryOf(env, place, at, "slipReady").fetch(new Request("http://function/"));
    at.isUp = true;
    return new Response();
  } catch (error) {
    await letGo(env, place, at);
    return new Response(messageOf(error), { status: 422 });
  }
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
  return at ? await entryOf(env, place, at, "scheduled").fetch(new Request(url, { method: "POST" })) : nothingThere();
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
