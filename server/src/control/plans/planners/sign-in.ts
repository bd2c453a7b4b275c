// What changes of how people and agents come in would do. The secret of a provider's client is in none of it.
import { connectionFor, stateOfConnection } from "../../oauth/connection-operations.ts";
import type { Connection } from "../../oauth/connection-store.ts";
import { type ListedProvider, listProviders, peopleOfIssuer } from "../../sign-in/provider-store.ts";
import { callbackOf, expectNewProvider, expectOwner, issuerIn, noProvider, stateOfProviders } from "../../sign-in/sign-in-operations.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { grantChanges } from "../grant-changes.ts";
import { planner } from "../planner.ts";
import { quotaOf } from "../words.ts";

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

export const signInPlanners = { "providers.add": add, "providers.remove": remove, "connections.revoke": revoke };
