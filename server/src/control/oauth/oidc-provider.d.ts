// What we use of the library oidc-provider, which comes without types.
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export type Payload = Record<string, unknown>;

  export interface Adapter {
    upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<Payload | undefined>;
    findByUid(uid: string): Promise<Payload | undefined>;
    findByUserCode(userCode: string): Promise<Payload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Client {
    clientId: string;
    clientName?: string;
    clientUri?: string;
    applicationType: "web" | "native";
    redirectUris: string[];
    clientIdMetadataDocument?: true;
    grantTypeAllowed(type: string): boolean;
  }

  export interface Grant {
    jti?: string;
    exp?: number;
    accountId: string;
    clientId: string;
    addOIDCScope(scope: string): void;
    rejectOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    rejectResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  export interface Interaction {
    uid: string;
    prompt: { name: string };
    params: Record<string, unknown>;
  }

  export interface KoaContext {
    type: string;
    body: unknown;
    status: number;
    set(name: string, value: string): void;
    oidc: {
      route: string;
      client?: Client;
      result?: { consent?: { grantId?: string } };
      entities: { Grant?: Grant; AccessToken?: unknown; Client?: Client };
    };
  }

  export interface Found {
    accountId: string;
    claims(): Promise<{ sub: string }>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    proxy: boolean;
    readonly issuer: string;
    readonly Client: { find(id: string): Promise<Client | undefined> };
    readonly Grant: new (of: {
      accountId: string;
      clientId: string;
      jti?: string;
      exp?: number;
    }) => Grant;
    /** Its promise is kept when all is done for the answer, whether or not the client is still there. */
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    use(act: (context: KoaContext, next: () => Promise<void>) => Promise<void>): this;
    on(event: "server_error", act: (context: KoaContext, error: Error) => void): this;
    on(event: "error", act: (error: NodeJS.ErrnoException) => void): this;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionResult(request: IncomingMessage, response: ServerResponse, result: Record<string, unknown>): Promise<string>;
  }

  export const errors: Record<
    "InvalidGrant" | "InvalidTarget" | "InvalidClientMetadata" | "SessionNotFound" | "TemporarilyUnavailable",
    new (
      description?: string,
    ) => Error
  >;
}
