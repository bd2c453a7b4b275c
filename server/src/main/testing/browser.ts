// A browser as far as pages without script need one: cookies with their paths, redirects, forms as they stand.
import { Agent, fetch, type RequestInit } from "undici";
import type { ControlPlane } from "./control-plane.ts";

export interface Page {
  status: number;
  /** Where it was in the end. */
  address: string;
  headers: Headers;
  text: string;
  /** Where a redirect led that was not followed. */
  location: string | undefined;
}

interface Cookie {
  origin: string;
  name: string;
  value: string;
  path: string;
  line: string;
}

export type Fields = Record<string, string | readonly string[]>;

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
const unescaped = (text: string): string => text.replace(/&(amp|lt|gt|quot|#39);/g, (sign) => entities[sign] ?? sign);
const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescaped(value);
};

/** What a form would send as it stands, without its buttons. */
export const fieldsOf = (text: string): Record<string, string[]> => {
  const fields: Record<string, string[]> = {};
  const add = (name: string | undefined, value: string): void => {
    if (name !== undefined) fields[name] = [...(fields[name] ?? []), value];
  };
  for (const [tag] of text.matchAll(/<input [^>]*>/g))
    if (attribute(tag, "type") !== "checkbox" || / checked/.test(tag)) add(attribute(tag, "name"), attribute(tag, "value") ?? "");
  for (const [whole] of text.matchAll(/<select [\s\S]*?<\/select>/g))
    add(attribute(whole, "name"), attribute(/<option [^>]*>/.exec(whole)?.[0] ?? "", "value") ?? "");
  return fields;
};

const actionOf = (text: string): string => attribute(/<form [^>]*>/.exec(text)?.[0] ?? "", "action") ?? "";

/** Requests to the installation's edge, whose authority is trusted; names lead to this machine. */
export const edgeAgent = async (plane: ControlPlane): Promise<Agent> => {
  const { certificate } = await plane.client.call("platform.trust", {});
  return new Agent({
    connect: {
      ca: certificate,
      lookup: (_host, options, answer) => (options.all ? answer(null, [{ address: "127.0.0.1", family: 4 }]) : answer(null, "127.0.0.1", 4)),
    },
  });
};

export class Browser {
  readonly origin: string;
  readonly #agent: Agent;
  #cookies: Cookie[] = [];

  constructor(origin: string, agent: Agent) {
    this.origin = origin;
    this.#agent = agent;
  }

  /** Lines of Set-Cookie that are in force, by their names. */
  get cookies(): ReadonlyMap<string, string> {
    return new Map(this.#cookies.filter(({ origin }) => origin === this.origin).map(({ name, line }) => [name, line]));
  }
  setCookie(name: string, value: string): void {
    this.#keep(this.origin, `${name}=${value}; path=/`);
  }

  #keep(origin: string, line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? "/";
    this.#cookies = this.#cookies.filter((cookie) => cookie.origin !== origin || cookie.name !== name || cookie.path !== path);
    const isGone = value === "" || /max-age=0\b|expires=Thu, 01 Jan 1970/i.test(line);
    if (!isGone) this.#cookies.push({ origin, name, value, path, line });
  }

  /** One request, without following where it leads. */
  async ask(target: string, of: { form?: Fields; headers?: Record<string, string> } = {}): Promise<Page> {
    const url = new URL(target, this.origin);
    const cookie = this.#cookies
      .filter(({ origin, path }) => origin === url.origin && url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`);
    const body = of.form && new URLSearchParams(Object.entries(of.form).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])));
    const headers = {
      ...(cookie.length > 0 ? { cookie: cookie.join("; ") } : {}),
      ...(body ? { origin: this.origin, "sec-fetch-site": "same-origin" } : {}),
      ...of.headers,
    };
    const options: RequestInit = { redirect: "manual", dispatcher: this.#agent, headers, ...(body ? { method: "POST", body } : {}) };
    const answer = await fetch(url, options);
    for (const line of answer.headers.getSetCookie()) this.#keep(url.origin, line);
    const location = answer.headers.get("location");
    return {
      status: answer.status,
      address: url.href,
      headers: answer.headers as unknown as Headers,
      text: await answer.text(),
      location: location === null ? undefined : new URL(location, url).href,
    };
  }

  /** Follows redirects that stay here, or lead to one of the other places; the last page has where it went out. */
  async open(target: string, of: { form?: Fields; headers?: Record<string, string>; also?: readonly string[] } = {}): Promise<Page> {
    let page = await this.ask(target, of);
    for (let hops = 0; hops < 10 && page.location !== undefined; hops += 1) {
      const { origin } = new URL(page.location);
      if (origin !== this.origin && !of.also?.includes(origin)) break;
      page = await this.ask(page.location);
    }
    return page;
  }

  /** Sends the form of a page with some fields as they are said here. */
  submit(page: Page, changes: Fields, of: { headers?: Record<string, string>; also?: readonly string[] } = {}): Promise<Page> {
    return this.open(actionOf(page.text), { ...of, form: { ...fieldsOf(page.text), ...changes } });
  }
}
