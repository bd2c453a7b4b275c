// The tools, resources and prompts that the conformance suite of the protocol asks for by name. Served by the same endpoint as ours.
import {
  type CallToolResult,
  type ContentBlock,
  completable,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  ResourceTemplate,
  type ServerContext,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Surface } from "../surface.ts";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
const text = (of: string): ContentBlock => ({ type: "text", text: of });
const result = (...content: ContentBlock[]): CallToolResult => ({ content });
const embedded = (uri: string, mimeType: string, of: string): ContentBlock => ({ type: "resource", resource: { uri, mimeType, text: of } });
const image: ContentBlock = { type: "image", data: pixel, mimeType: "image/png" };

const contents: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: result(text("This is a simple text response for testing.")),
  test_image_content: result(image),
  test_audio_content: result({ type: "audio", data: silence, mimeType: "audio/wav" }),
  test_embedded_resource: result(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
  test_multiple_content_types: result(
    text("Multiple content types test:"),
    image,
    embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
  ),
};

const registerContents = (server: McpServer): void => {
  for (const [name, given] of Object.entries(contents)) server.registerTool(name, { description: name }, () => given);
  server.registerTool("test_error_handling", { description: "Fails." }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  server.registerTool("test_tool_with_logging", { description: "Logs." }, async (context) => {
    for (const said of ["Tool execution started", "Tool processing data", "Tool execution completed"]) await context.mcpReq.log("info", said);
    return result(text("Tool with logging executed successfully"));
  });
  server.registerTool("test_logging_tool", { description: "Logs where the client has asked for it." }, async (context) => {
    await context.mcpReq.log("info", "Said to those who asked.");
    return result(text("done"));
  });
  server.registerTool("test_tool_with_progress", { description: "Tells of progress." }, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
    return result(text(String(progressToken)));
  });
  server.registerTool("test_reconnection", { description: "Closes its stream before it answers." }, async (context) => {
    context.http?.closeSSE?.();
    await new Promise((done) => setTimeout(done, 50));
    return result(text("Reconnection test completed successfully."));
  });
};

const form = (properties: Record<string, object>, required: string[] = []) => ({ type: "object" as const, properties, required }) as never;
const sampling = (prompt: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens });
const answered = (context: ServerContext, key: string): boolean => inputResponse(context.mcpReq.inputResponses, key).kind !== "missing";

const enums = {
  untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
  titledSingle: { type: "string", oneOf: ["1", "2", "3"].map((each) => ({ const: `value${each}`, title: `Option ${each}` })) },
  legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
  untitledMulti: { type: "array", minItems: 1, maxItems: 3, items: { type: "string", enum: ["option1", "option2", "option3"] } },
  titledMulti: {
    type: "array",
    minItems: 1,
    maxItems: 3,
    items: { anyOf: ["1", "2", "3"].map((each) => ({ const: `value${each}`, title: `Choice ${each}` })) },
  },
};
const defaults = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

/** Asks once, and tells what came back. */
const registerQuestions = (server: McpServer): void => {
  const asking = (name: string, questionOf: (input: Record<string, string>) => InputRequests[string], input = z.object({})): void =>
    void server.registerTool(name, { description: name, inputSchema: input }, (given, context) => {
      const view = inputResponse(context.mcpReq.inputResponses, "answer");
      if (view.kind === "missing") return inputRequired({ inputRequests: { answer: questionOf(given as Record<string, string>) } });
      if (view.kind === "sampling") return result(text(`LLM response: ${JSON.stringify(view.result.content)}`));
      return result(text(view.kind === "elicit" ? `Elicitation completed: action=${view.action}, content=${JSON.stringify(view.content ?? {})}` : "roots"));
    });
  asking("test_sampling", ({ prompt = "" }) => sampling(prompt, 100), z.object({ prompt: z.string() }));
  const response = form({ response: { type: "string" } }, ["response"]);
  asking("test_elicitation", ({ message = "" }) => inputRequired.elicit({ message, requestedSchema: response }), z.object({ message: z.string() }));
  asking("test_elicitation_sep1034_defaults", () => inputRequired.elicit({ message: "Please review the defaults", requestedSchema: form(defaults) }));
  asking("test_elicitation_sep1330_enums", () => inputRequired.elicit({ message: "Please select", requestedSchema: form(enums) }));
  asking("test_missing_capability", () => sampling("Anything?", 10));
  asking("test_streaming_elicitation", () => inputRequired.elicit({ message: "Go on?", requestedSchema: response }));
};

const nameForm = form({ name: { type: "string" } }, ["name"]);
const askName = inputRequired.elicit({ message: "What is your name?", requestedSchema: nameForm });
const confirmForm = inputRequired.elicit({ message: "Please confirm", requestedSchema: form({ ok: { type: "boolean" } }, ["ok"]) });

/** Rounds of questions without a session between them. */
const registerRounds = (server: McpServer, states: RequestStateCodec): void => {
  const rounds = (name: string, ask: (context: ServerContext) => { inputRequests: InputRequests; state?: unknown } | undefined): void =>
    void server.registerTool(`test_input_required_result_${name}`, { description: name }, async (context) => {
      const asked = ask(context);
      if (!asked) return result(text("state-ok"));
      const { inputRequests, state } = asked;
      return inputRequired({ inputRequests, ...(state === undefined ? {} : { requestState: await states.mint(state, context) }) });
    });
  const once = (name: string, inputRequests: InputRequests, state?: unknown): void =>
    rounds(name, (context) =>
      Object.keys(inputRequests).every((key) => answered(context, key)) && (state === undefined || context.mcpReq.requestState() === state)
        ? undefined
        : { inputRequests, state },
    );
  once("elicitation", { user_name: askName });
  once("sampling", { capital_question: sampling("What is the capital of France?", 100) });
  once("list_roots", { client_roots: inputRequired.listRoots() });
  once("request_state", { confirm: confirmForm }, "asked");
  once("tampered_state", { confirm: confirmForm }, "asked");
  once("multiple_inputs", { user_name: askName, greeting: sampling("Generate a greeting", 50), client_roots: inputRequired.listRoots() }, "asked");
  rounds("multi_round", (context) => {
    const state = context.mcpReq.requestState<number>() ?? 0;
    if (state === 0) return { inputRequests: { step1: askName }, state: 1 };
    const askColour = inputRequired.elicit({ message: "Your favourite colour?", requestedSchema: form({ color: { type: "string" } }, ["color"]) });
    return state === 1 ? { inputRequests: { step2: askColour }, state: 2 } : undefined;
  });
  rounds("capabilities", (context) => {
    const can = server.server.getClientCapabilities() ?? {};
    const all = { ...(can.elicitation ? { user_name: askName } : {}), ...(can.sampling ? { greeting: sampling("A greeting", 50) } : {}) };
    return Object.keys(all).some((key) => answered(context, key)) ? undefined : { inputRequests: all };
  });
};

const dialect = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

const registerResources = (server: McpServer): void => {
  const plain = (name: string, uri: string, of: string): void =>
    void server.registerResource(name, uri, { mimeType: "text/plain" }, () => ({ contents: [{ uri, mimeType: "text/plain", text: of }] }));
  plain("static-text", "test://static-text", "This is the content of the static text resource.");
  plain("watched", "test://watched-resource", "Watched resource content");
  server.registerResource("static-binary", "test://static-binary", { mimeType: "image/png" }, ({ href: uri }) => ({
    contents: [{ uri, mimeType: "image/png", blob: pixel }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { mimeType: "application/json" }, ({ href: uri }, { id }) => ({
    contents: [{ uri, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }) }],
  }));
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
};

const registerPrompts = (server: McpServer): void => {
  const user = (content: ContentBlock) => ({ role: "user" as const, content });
  server.registerPrompt("test_simple_prompt", { description: "Simple." }, () => ({ messages: [user(text("This is a simple prompt for testing."))] }));
  const argument = completable(z.string(), (value) => ["paris", "parma"].filter((each) => each.startsWith(value)));
  const two = z.object({ arg1: argument, arg2: z.string() });
  server.registerPrompt("test_prompt_with_arguments", { description: "With arguments.", argsSchema: two }, ({ arg1, arg2 }) => ({
    messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }));
  const uri = z.object({ resourceUri: z.string() });
  server.registerPrompt("test_prompt_with_embedded_resource", { description: "With a resource.", argsSchema: uri }, ({ resourceUri }) => ({
    messages: [user(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")), user(text("Please process it."))],
  }));
  server.registerPrompt("test_prompt_with_image", { description: "With an image." }, () => ({ messages: [user(image), user(text("Please analyze it."))] }));
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks first." }, (context) => {
    const context_ = inputRequired.elicit({ message: "What context?", requestedSchema: form({ context: { type: "string" } }, ["context"]) });
    if (!answered(context, "user_context")) return inputRequired({ inputRequests: { user_context: context_ } });
    return { messages: [user(text("with context"))] };
  });
};

/** `notifier`: what those hear who listen for changes of the lists. */
export const conformanceSurface = (notifier: () => ServerNotifier): Surface => ({
  name: "conformance",
  title: "Conformance",
  version: "1.0.0",
  instructions: "For the conformance suite.",
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    logging: {},
    completions: {},
  },
  askerOf: () => "conformance",
  register(server, states) {
    registerContents(server);
    registerQuestions(server);
    registerRounds(server, states);
    registerResources(server);
    registerPrompts(server);
    const dialectSchema = fromJsonSchema(dialect as never);
    server.registerTool("json_schema_2020_12_tool", { description: "A schema of that dialect.", inputSchema: dialectSchema }, () => result(text("done")));
    server.registerTool("test_trigger_tool_change", { description: "Changes the tools." }, () => {
      notifier().toolsChanged();
      return result(text("done"));
    });
    server.registerTool("test_trigger_prompt_change", { description: "Changes the prompts." }, () => {
      notifier().promptsChanged();
      return result(text("done"));
    });
  },
});
