/** What a question is told of its place among others. */
export interface Step {
  readonly title: string;
  /** Both are left out until it is known how many questions there are. */
  readonly step?: number;
  readonly totalSteps?: number;
  /** Whether there is a question before, to which it leads back. */
  readonly canGoBack?: boolean;
}

/** One of several questions. Keeps its answer, and can be asked again. */
export interface Question {
  (step: Step): Promise<void>;
  /** Whether its answer decides which questions come after it. */
  readonly isFork?: boolean;
}

/** The rejection of a question when a person goes back, by default to the one before. */
export class Back extends Error {
  readonly steps: number;

  constructor(steps = 1) {
    super();
    this.steps = steps;
  }
}

/**
 * Asks questions one after the other, each with a way back to the one before.
 * @param questions all of them, by what has been answered so far
 */
export async function inSteps(title: string, questions: () => readonly Question[]): Promise<void> {
  for (let at = 0, all = questions(); at < all.length; all = questions()) {
    const isCounted = all.length > 1 && !all.slice(at).some(({ isFork }) => isFork);
    const numbers = isCounted ? { step: at + 1, totalSteps: all.length } : {};
    try {
      await all[at]?.({ title, ...numbers, canGoBack: at > 0 });
      at++;
    } catch (error) {
      if (!(error instanceof Back) || error.steps > at) {
        throw error;
      }
      at -= error.steps;
    }
  }
}

/** A question whose answer becomes a member. */
export function into<T, K extends keyof T>(said: T, name: K, ask: (step: Step) => Promise<T[K]>): Question {
  return async (step) => {
    said[name] = await ask(step);
  };
}

/** The same question, on whose answer it depends which ones come after it. */
export function fork(ask: Question): Question {
  return Object.assign((step: Step) => ask(step), { isFork: true });
}

/** The same questions under another title. */
export function under(title: string, questions: readonly Question[]): Question[] {
  return questions.map((ask) => Object.assign((step: Step) => ask({ ...step, title }), ask));
}
