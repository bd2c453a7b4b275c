/**
 * Thrown by a handler that sees, before it changes anything, that what is asked is beyond the caller's grant, which the input alone did
 * not say. The gate asks a person then.
 */
export class BeyondGrant extends Error {
  readonly why: string;
  /** What is done once it is approved. */
  readonly input: Record<string, unknown>;

  constructor(why: string, input: Record<string, unknown>) {
    super(why);
    this.why = why;
    this.input = input;
  }
}
