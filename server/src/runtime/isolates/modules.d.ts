// Modules that are there only where the router runs.
declare module "cloudflare:workers" {
  export abstract class DurableObject<Environment> {
    protected readonly ctx: { readonly id: { readonly name?: string }; abort(reason: string): void };
    protected readonly env: Environment;
    fetch?(request: Request): Promise<Response>;
  }
}
