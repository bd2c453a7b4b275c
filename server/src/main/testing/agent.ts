// An agent that signs in: its registration, its request, the person's answer on the page, and the tokens.
import { createHash, randomBytes } from "node:crypto";
import { type Agent, fetch } from "undici";
import type { Browser, Fields, Page } from "./browser.ts";
import type { ControlPlane } from "./control-plane.ts";

export const redirectUri = "http://127.0.0.1:7777/callback";

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export const newCode = (): { typed: string; sha256: string } => {
  const code = randomBytes(8).toString("hex");
  return { typed: code, sha256: createHash("sha256").update(code).digest("hex") };
};

/** Signs the owner in, as 'slip sign-in' and the page do. */
export const signInOwner = async (plane: ControlPlane, browser: Browser): Promise<Page> => {
  const { typed, sha256 } = newCode();
  const { url } = await plane.client.call("sessions.code", { sha256 });
  return browser.submit(await browser.open(url), { code: typed });
};

/** What opens a session of MCP, of the revision that has sessions. */
export const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
export const mcpHeaders = { accept: "application/json, text/event-stream" };

export class OAuthAgent {
  readonly origin: string;
  readonly edge: Agent;
  clientId = "";
  readonly verifier = randomBytes(32).toString("base64url");
  readonly state = randomBytes(8).toString("hex");

  constructor(origin: string, edge: Agent) {
    this.origin = origin;
    this.edge = edge;
  }

  async post(path: string, body: Record<string, unknown> | URLSearchParams, headers: Record<string, string> = {}): Promise<Answer> {
    const isForm = body instanceof URLSearchParams;
    const sent = isForm ? { body } : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const answer = await fetch(`${this.origin}${path}`, {
      method: "POST",
      dispatcher: this.edge,
      redirect: "manual",
      ...sent,
      headers: { ...sent.headers, ...headers },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers as unknown as Headers,
      body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${this.origin}${path}`, { dispatcher: this.edge, headers, redirect: "manual" });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers as unknown as Headers,
      body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }

  /** Registers a public client, as most agents do. */
  async register(metadata: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.post("/oauth/register", {
      client_name: "Test agent",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      ...metadata,
    });
    if (answer.status === 201) this.clientId = String(answer.body.client_id);
    return answer;
  }

  /** Address of the request; a change to undefined leaves a parameter out. */
  request(changes: Record<string, string | undefined> = {}): string {
    const usual = {
      client_id: this.clientId,
      response_type: "code",
      redirect_uri: redirectUri,
      scope: "read deploy",
      state: this.state,
      resource: `${this.origin}/mcp`,
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    const given = Object.entries({ ...usual, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/oauth/authorize?${new URLSearchParams(given)}`;
  }

  /** What the person's browser brings back to the agent. */
  async authorize(browser: Browser, of: { request?: Record<string, string | undefined>; choice?: Fields } = {}): Promise<URLSearchParams> {
    const page = await browser.open(this.request(of.request));
    const end = page.location === undefined ? await browser.submit(page, { decision: "allow", ...of.choice }) : page;
    if (end.location === undefined) throw new Error(`The request ended on a page: ${end.status} ${end.text.slice(0, 2_000)}`);
    return new URL(end.location).searchParams;
  }

  token(parameters: Record<string, string | undefined>): Promise<Answer> {
    const given = Object.entries({ client_id: this.clientId, ...parameters }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return this.post("/oauth/token", new URLSearchParams(given));
  }

  exchange(code: string, changes: Record<string, string | undefined> = {}): Promise<Answer> {
    return this.token({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: this.verifier,
      resource: `${this.origin}/mcp`,
      ...changes,
    });
  }

  refresh(token: string, changes: Record<string, string | undefined> = {}): Promise<Answer> {
    return this.token({ grant_type: "refresh_token", refresh_token: token, ...changes });
  }

  /** The whole way: what a well-behaved agent gets. */
  async connect(
    browser: Browser,
    of: { request?: Record<string, string | undefined>; choice?: Fields } = {},
  ): Promise<{ access: string; refresh: string; answer: Answer }> {
    const code = (await this.authorize(browser, of)).get("code") ?? "";
    const answer = await this.exchange(code);
    return { access: String(answer.body.access_token), refresh: String(answer.body.refresh_token), answer };
  }
}
