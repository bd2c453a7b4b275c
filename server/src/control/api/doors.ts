// All doors of the control plane on one HTTP server, each a thin projection of the gate. What holds for all of them is here.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { Hono } from "hono";
import type { Log } from "#platform/log.ts";
import { type DoorContext, type Environment, requestIdOf, type Who } from "./environment.ts";
import { failWith } from "./failure.ts";
import type { Gate } from "./gate.ts";
import type { DoorParts } from "./graphql/door.ts";
import { knownError } from "./known-error.ts";
import type { McpParts } from "./mcp/door.ts";
import { BodyRoom } from "./rate/body-room.ts";
import { type RateLimits, visitorOf } from "./rate/rate-limits.ts";
import { addRest } from "./rest.ts";

/** Of several tokens nobody can say which is meant, and a proxy before us may have looked at another one. Throws `unauthorized`. */
const expectOneToken = (rawHeaders: readonly string[]): void => {
  const count = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === "authorization").length;
  if (count > 1) throw new SlipError("unauthorized", "The request has several Authorization headers.", { next: "Send one." });
};

/** Asks the gate who it is, unless there is no need to: a caller beyond its limit costs a look into a table. */
const whoOf =
  (gate: Pick<Gate, "who">, limits: RateLimits, room: BodyRoom): Who =>
  async (context, points = 1) => {
    const visitor = visitorOf((name) => context.req.header(name));
    context.set("visitor", visitor);
    limits.admit(visitor);
    const { take, end } = room.begin(visitor.credential ?? "");
    context.env.outgoing.once("close", end);
    context.set("takeRoom", take);
    try {
      expectOneToken(context.env.incoming.rawHeaders);
      const token = await gate.who(context.req.header("authorization"));
      limits.signedIn(visitor, points);
      return token;
    } catch (error) {
      if (knownError(error).code === "unauthorized") limits.failed(visitor);
      throw error;
    }
  };

/** Bodies cost what they weigh, whatever is asked with them. */
const addLimits = (app: Hono<Environment>, limits: RateLimits): void => {
  app.use(async (context, next) => {
    const { socket } = context.env.incoming;
    const before = socket.bytesRead;
    await next();
    const visitor = context.get("visitor");
    if (!visitor) return;
    limits.spend(visitor, (socket.bytesRead - before) / limit("rateBytesPerPoint"));
    for (const [name, value] of Object.entries(limits.headers(visitor))) context.header(name, value);
  });
};

/** A door with a library of its own is loaded when somebody asks for it: it takes a tenth of a second and more, which a start should not. */
const addWhenAsked = (app: Hono<Environment>, path: string, load: () => Promise<(context: DoorContext) => Promise<Response>>): void => {
  let door: ReturnType<typeof load> | undefined;
  app.all(path, async (context) => {
    door ??= load();
    return (await door)(context);
  });
};

const addGraphql = (app: Hono<Environment>, parts: DoorParts): void =>
  addWhenAsked(app, "/graphql", () => import("./graphql/door.ts").then(({ graphqlDoor }) => graphqlDoor(parts)));

const addMcp = (app: Hono<Environment>, parts: McpParts): void =>
  addWhenAsked(app, "/mcp", () => import("./mcp/door.ts").then(({ mcpDoor }) => mcpDoor(parts)));

export interface Doors {
  gate: Gate;
  log: Log;
  version: string;
  mcp: Pick<McpParts, "key" | "hosts">;
  limits: RateLimits;
}

export const doorsOf = ({ gate, log, version, mcp, limits }: Doors): Hono<Environment> => {
  const app = new Hono<Environment>();
  app.use(async (context, next) => {
    const requestId = requestIdOf(context.req.header("x-request-id"));
    context.set("requestId", requestId);
    context.header("x-request-id", requestId);
    await next();
  });
  addLimits(app, limits);
  const who = whoOf(gate, limits, new BodyRoom());
  addRest(app, { gate, who, version });
  addGraphql(app, { gate, who, log, spend: (context, points) => limits.spend(context.get("visitor"), points) });
  addMcp(app, { gate, who, log, version, ...mcp });
  app.notFound((context) =>
    failWith(
      context,
      new SlipError("not_found", `There is no ${context.req.method} ${context.req.path}.`, { next: "See /openapi.json for what there is." }),
      log,
    ),
  );
  app.onError((error, context) => failWith(context, error, log));
  return app;
};
