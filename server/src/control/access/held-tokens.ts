// Tokens by which something goes on: a log that is followed, a command. It ends when the next call by its token would be refused.
import type { Permission } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { mayDo, type Token, type TokenIndex } from "./token.ts";

/** The end of a token comes by itself: it is looked for this often. */
const lookMs = 1_000;

interface Held {
  token: Token;
  permission: Permission;
  lost: AbortController;
}

/** The verbs of a grant stay what they are; those of its person's role may become fewer. */
const isLost = ({ token: { sha256 }, permission }: Held, tokens: TokenIndex): boolean => {
  const now = tokens.get(sha256.toString("hex"));
  if (!now || (now.expiresAt !== null && now.expiresAt <= new Date())) return true;
  return !mayDo({ kind: now.kind, verbs: now.giverVerbs }, permission);
};

export interface Hold {
  /** Aborts, with `unauthorized`, when the token may not do this any more. */
  lost: AbortSignal;
  /** What went on has ended. */
  release: () => void;
}

export class HeldTokens {
  readonly #held = new Set<Held>();
  readonly #look: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  /** `look` reads the tokens where they may be old, and calls `end`. */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  hold(token: Token, permission: Permission): Hold {
    const held: Held = { token, permission, lost: new AbortController() };
    this.#held.add(held);
    // Where they cannot be read now, they are at the next look.
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), lookMs).unref();
    return { lost: held.lost.signal, release: () => this.#release(held) };
  }

  /** Ends what goes on by tokens that may not do it any more. */
  end(tokens: TokenIndex): void {
    for (const held of [...this.#held]) {
      if (!isLost(held, tokens)) continue;
      this.#release(held);
      held.lost.abort(new SlipError("unauthorized", "The token does not work any more."));
    }
  }

  #release(held: Held): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
