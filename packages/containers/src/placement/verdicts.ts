// Which instances suit a kind of task by what only a registration or new attributes change. Kinds that ask for the same share
// the answers: a further kind, or one that was forgotten, need not look at all attributes again.
import { fitting } from './feasible.ts';
import type { Demand, Offer, Rules } from './types.ts';

/** Whether the instance at this place of the list suits. */
export type Suits = (place: number, offer: Offer) => boolean;

/** As many are kept; what is used last is forgotten last. */
const mostFilters = 64;

/** `versions[place]` is another number, not 0, when the attributes at that place are. */
export function keepVerdicts(versions: readonly number[]): (demand: Demand, rules: Rules) => Suits {
  /** By what is asked; by place the version that was looked at, doubled, and one more if it suits. */
  const kept = new Map<string, number[]>();

  return (demand, rules) => {
    const { suits } = fitting(demand, rules);
    const asked = rules.memberOf.filter((each) => each.settled).map((each) => each.text);
    const key = JSON.stringify([demand.attributes, asked]);
    const answers = kept.get(key) ?? [];
    kept.delete(key);
    kept.set(key, answers);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostFilters) break;
      kept.delete(oldest);
    }
    return (place, offer) => {
      while (answers.length <= place) answers.push(0);
      const version = versions[place] as number;
      if ((answers[place] as number) >> 1 !== version) answers[place] = (version << 1) | (suits(offer) ? 1 : 0);
      return ((answers[place] as number) & 1) === 1;
    };
  };
}
