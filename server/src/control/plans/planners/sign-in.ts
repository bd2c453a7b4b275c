// What changes of how people and agents come in would do. The secret of a provider's client is in none of it, nor is a code.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { actorOf, type Person, personOf } from "../../access/people-store.ts";
import { connectionFor, stateOfConnection } from "../../oauth/connection-operations.ts";
import type { Connection } from "../../oauth/connection-store.ts";
import { type ListedProvider, listProviders, peopleOfIssuer } from "../../sign-in/provider-store.ts";
import { endOfCode, openCodeOf } from "../../sign-in/session-store.ts";
import {
  callbackOf,
  codeUrlOf,
  expectNewProvider,
  expectOwner,
  issuerIn,
  noProvider,
  signingIn,
  stateOfCodes,
  stateOfProviders,
} from "../../sign-in/sign-in-operations.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { grantChanges } from "../grant-changes.ts";
import { planner } from "../planner.ts";
import { quotaOf, spanText } from "../words.ts";

export interface CodeRows {
  fingerprint: Fingerprint;
  person: Person;
  /** The one that ends when another is made. */
  open: { expiresAt: Date } | undefined;
}

const codeUsed = (): SlipError => new SlipError("conflict", "The code was made, and is used or at its end.", { next: "Make another one." });

const code = planner<"sessions.code", CodeRows>({
  read({ snapshot, call }) {
    const id = signingIn(call.token);
    return snapshot(async (query) => {
      const [person, open] = [await personOf(query, id), await openCodeOf(query, id)];
      if (person === undefined) throw new Error(`The person ${id} is not there.`);
      return { person, open, fingerprint: stateOfCodes(id, open) };
    });
  },
  plan: ({ sha256 }, { person, open }) => ({
    changes: [
      ...change("code of before", open && `signs ${actorOf(person)} in until ${open.expiresAt.toISOString()}`, undefined),
      ...change("code", undefined, `signs ${actorOf(person)} in on the pages, once, within ${spanText(limit("signInCodeMs"))}`),
    ],
    interrupts: open === undefined ? [] : [{ what: "who has the code of before", why: "It signs nobody in any more." }],
    quota: [],
    ...(sha256 === undefined ? { asks: ["sha256" as const] } : {}),
  }),
  async again({ control }, { sha256 }) {
    const expiresAt = await endOfCode(control.database, Buffer.from(sha256, "hex"));
    if (expiresAt === undefined) throw codeUsed();
    return { url: codeUrlOf(control), expiresAt: expiresAt.toISOString() };
  },
});

export interface NewProviderRows {
  fingerprint: Fingerprint;
  issuer: string;
  rows: ListedProvider[];
}

const add = planner<"providers.add", NewProviderRows>({
  async read({ snapshot, call }, { kind, issuer: given }) {
    expectOwner(call.tenant);
    const issuer = issuerIn(kind, given);
    const rows = await snapshot(listProviders);
    return { issuer, rows, fingerprint: stateOfProviders(rows) };
  },
  plan({ name, kind, clientId }, { issuer, rows }) {
    expectNewProvider({ name, issuer }, rows);
    return {
      changes: [
        ...change(`provider ${name}`, undefined, `${kind}, ${issuer}`),
        ...change("client id", undefined, clientId),
        ...change("client secret", undefined, "kept, sealed"),
      ],
      interrupts: [],
      quota: [quotaOf("signInProviders", rows.length + 1)],
      inverse: { operation: "providers.remove", input: { name } },
    };
  },
  again: async ({ control }, { name }) => ({ name, callback: callbackOf(control, name) }),
});

export interface ProviderRows {
  fingerprint: Fingerprint;
  provider: ListedProvider;
  /** Who is known by it. */
  people: number;
}

const remove = planner<"providers.remove", ProviderRows>({
  read({ snapshot, call }, { name }) {
    expectOwner(call.tenant);
    return snapshot(async (query) => {
      const rows = await listProviders(query);
      const provider = rows.find((row) => row.name === name);
      if (provider === undefined) throw noProvider(name);
      return { provider, people: await peopleOfIssuer(query, provider.issuer), fingerprint: stateOfProviders(rows) };
    });
  },
  plan: ({ name }, { provider: { kind, issuer, clientId }, people }) => ({
    changes: [
      ...change(`provider ${name}`, `${kind}, ${issuer}`, undefined),
      ...change("client id", clientId, undefined),
      ...change("client secret", "kept, sealed", undefined),
    ],
    interrupts: [
      {
        what: `signing in with ${name}, as which ${people === 1 ? "1 person is" : `${people} people are`} known`,
        why: "They stay who they are, and sign in some other way.",
      },
    ],
    quota: [],
  }),
  again: async (_, { name }) => ({ name }),
});

export interface ConnectionRows {
  fingerprint: Fingerprint;
  row: Connection;
}

const revoke = planner<"connections.revoke", ConnectionRows>({
  read: ({ snapshot, call }, { connection }) =>
    snapshot(async (query) => {
      const row = await connectionFor(query, call.token, connection);
      return { row, fingerprint: stateOfConnection(row) };
    }),
  plan: ({ connection }, { row: { clientName, personName, terms } }) => ({
    changes: [...change(`connection ${connection}`, `${clientName} for ${personName}`, undefined), ...grantChanges(terms, undefined)],
    interrupts: [{ what: `all that ${clientName} does for ${personName}`, why: "Every token that it has is refused from then on." }],
    quota: [],
  }),
  again: async (_, { connection }) => ({ connection }),
});

export const signInPlanners = { "sessions.code": code, "providers.add": add, "providers.remove": remove, "connections.revoke": revoke };
