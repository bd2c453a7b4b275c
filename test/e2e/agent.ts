// Plays an agent: a client of the protocol alone, which counts what it calls, what it is answered and how long that takes.
import { join } from "node:path";
import { Client, type ElicitResult } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { type Installation, repository } from "./installation.ts";

export interface Step {
  tool: string;
  /** Of the answer as it came: its text and its structure. */
  bytes: number;
  ms: number;
  isError: boolean;
}

export interface Told {
  value: Record<string, unknown>;
  isError: boolean;
}

export interface AgentOptions {
  /** Of the protocol; by default the current one. */
  revision?: "2026-07-28" | "2025-11-25";
  /** What the user says when asked; without it the client cannot ask. */
  answer?: (message: string) => ElicitResult;
  /** Folders that it may deploy. */
  folders?: readonly string[];
}

const timeLimitMs = 300_000;

export class PlayedAgent {
  readonly steps: Step[] = [];
  readonly client: Client;
  /** How far its calls were, as it was told. */
  readonly progress: string[] = [];

  private constructor(client: Client) {
    this.client = client;
  }

  /** Starts `slip mcp` as a client does. */
  static async connect(installation: Installation, { revision = "2026-07-28", answer, folders = [] }: AgentOptions = {}): Promise<PlayedAgent> {
    const client = new Client(
      { name: "played-agent", version: "1.0.0" },
      { capabilities: answer ? { elicitation: { form: {} } } : {}, versionNegotiation: { mode: revision === "2026-07-28" ? { pin: revision } : "legacy" } },
    );
    if (answer) client.setRequestHandler("elicitation/create", ({ params }) => answer(params.message));
    await client.connect(
      new StdioClientTransport({ command: join(repository, "slip"), args: ["mcp", ...folders], env: installation.environment, stderr: "inherit" }),
      {
        timeout: timeLimitMs,
      },
    );
    return new PlayedAgent(client);
  }

  async call(tool: string, input: Record<string, unknown> = {}): Promise<Told> {
    const start = performance.now();
    const onprogress = ({ message }: { message?: string | undefined }): void => void this.progress.push(message ?? "");
    const result = await this.client.callTool({ name: tool, arguments: input }, { timeout: timeLimitMs, onprogress });
    const { structuredContent, isError = false } = result;
    this.steps.push({ tool, bytes: Buffer.byteLength(JSON.stringify(result)), ms: performance.now() - start, isError });
    return { value: structuredContent as Record<string, unknown>, isError };
  }

  /** As `call`, and throws what it says when it is an error. */
  async must(tool: string, input: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { value, isError } = await this.call(tool, input);
    if (isError) throw new Error(`${tool} ended so: ${JSON.stringify(value)}`);
    return value;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** What the steps came to, as lines of a table. */
export const tableOf = (steps: readonly Step[]): string => {
  const rows = steps.map(
    ({ tool, bytes, ms, isError }) => `${tool.padEnd(18)} ${String(bytes).padStart(7)} B ${(ms / 1_000).toFixed(2).padStart(8)} s${isError ? "  error" : ""}`,
  );
  const sum = (of: (step: Step) => number): number => steps.reduce((total, step) => total + of(step), 0);
  return [
    ...rows,
    `${`${steps.length} calls`.padEnd(18)} ${String(sum(({ bytes }) => bytes)).padStart(7)} B ${(sum(({ ms }) => ms) / 1_000).toFixed(2).padStart(8)} s`,
  ].join("\n");
};
