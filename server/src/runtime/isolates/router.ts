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

/** What holds each place: an isolate lives for as long as an object that has loaded it, and no other way lets it go again. */
const holders = new Map<number, string>();
let holderCount = 0;

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
}`;

const mainModule = (name: string): string => {
  const from = JSON.stringify(`./${name}`);
  return `import "./slip-marking";\nexport * from ${from};\nexport { default } from ${from};\nexport const ready = { fetch: () => new Response() };\n`;
};

const codeOf = ({ compatibilityDate, compatibilityFlags, modules, env, mark }: LoadRequest, globalOutbound: Fetcher): WorkerCode => {
  const own = modules.map(
    ({ name, kind, content }) =>
      [name, kind === "esModule" ? { js: content } : kind === "wasm" ? { wasm: bytesOf(content) } : { data: bytesOf(content) }] as const,
  );
  return {
    compatibilityDate,
    compatibilityFlags,
    mainModule: "slip-main",
    modules: { "slip-main": { js: mainModule(modules[0]?.name ?? "") }, "slip-marking": { js: marking(mark) }, ...Object.fromEntries(own) },
    env,
    globalOutbound,
  };
};

/** Has one function for as long as it is loaded. */
export class Holder extends DurableObject<Environment> {
  #worker: Worker | undefined;

  override async fetch(request: Request): Promise<Response> {
    return await this.#entry().fetch(request);
  }

  /** Gives why it cannot be loaded; undefined when it is. */
  async load(asked: LoadRequest): Promise<string | undefined> {
    try {
      const worker = this.env.LOADER.load(codeOf(asked, this.env.INTERNET));
      await worker.getEntrypoint("ready").fetch(new Request("http://function/"));
      this.#worker = worker;
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
    if (!this.#worker) throw new Error("Nothing is loaded.");
    return this.#worker.getEntrypoint(name);
  }
}

const holderAt = (env: Environment, place: number): Holder | undefined => {
  const name = holders.get(place);
  return name === undefined ? undefined : env.HOLDERS.get(env.HOLDERS.idFromName(name));
};

/** Edges know by this that nothing was done with a request. */
const nothingThere = (): Response => new Response("Nothing is here.\n", { status: 503, headers: { "slip-asleep": "1", "retry-after": "1" } });

export default {
  async fetch(request: Request, env: Environment, { props: { place } }: Context): Promise<Response> {
    return (await holderAt(env, place)?.fetch(request)) ?? nothingThere();
  },
};

const letGo = async (env: Environment, place: number): Promise<void> => {
  const holder = holderAt(env, place);
  holders.delete(place);
  // It ends by that, and answers nobody any more.
  await Promise.resolve(holder?.end()).catch(() => {});
};

const load = async (env: Environment, place: number, asked: LoadRequest): Promise<Response> => {
  await letGo(env, place);
  holderCount += 1;
  const name = `${holderCount}`;
  const trouble = await env.HOLDERS.get(env.HOLDERS.idFromName(name)).load(asked);
  if (trouble !== undefined) return new Response(trouble, { status: 422 });
  holders.set(place, name);
  return new Response();
};

/** What the host process asks: of the place that the path names, or whether this process answers at all. */
export const control = {
  async fetch(request: Request, env: Environment): Promise<Response> {
    if (request.headers.get("authorization") !== env.SECRET) return new Response(null, { status: 401 });
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response();
    const place = Number(pathname.slice(1));
    if (request.method === "PUT") return await load(env, place, (await request.json()) as LoadRequest);
    if (request.method === "POST") return (await holderAt(env, place)?.scheduled(request.url)) ?? nothingThere();
    await letGo(env, place);
    return new Response();
  },
};
