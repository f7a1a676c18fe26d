// Which images a lifecycle policy expires. Pure: rules and facts in, decisions out (ECR user guide, "Lifecycle policy
// evaluation rules"):
//
// - Rules are looked at by priority. An image whose tags meet a rule belongs to it: no rule after it may expire the image,
//   also when this one lets it live; but later rules still count it.
// - imageCountMoreThan keeps the youngest; older ones go first.
// - What an index names stays as long as the index does. What is attached to another image of the repository by `subject`
//   and has no tag (signatures, bills of materials) belongs to no rule: it goes together with that image.
import { matchesWildcard } from '../tag-mutability.ts';
import type { LifecycleRule } from './parse.ts';

export interface ImageFacts {
  readonly digest: string;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch. */
  readonly pushedAt: number;
  readonly pulledAt: number | undefined;
  /** An index of the repository names it. */
  readonly referenced: boolean;
  readonly subject: string | undefined;
}

export interface Expiry {
  readonly image: ImageFacts;
  /** Of the rule that decided. */
  readonly priority: number;
}

const dayMs = 24 * 60 * 60 * 1000;

function meets(rule: LifecycleRule, { tags }: ImageFacts): boolean {
  switch (rule.tagStatus) {
    case 'any':
      return true;
    case 'untagged':
      return tags.length === 0;
    case 'tagged':
      return tags.length > 0 && rule.patterns.every((pattern) => tags.some((tag) => matchesWildcard(pattern, tag)));
  }
}

/** Those of a rule's images, youngest first, that are too many or too old. */
function overdue(rule: LifecycleRule, images: readonly ImageFacts[], now: number): readonly ImageFacts[] {
  const since = now - rule.countNumber * dayMs;
  switch (rule.countType) {
    case 'imageCountMoreThan':
      return images.slice(rule.countNumber);
    case 'sinceImagePushed':
      return images.filter((image) => image.pushedAt < since);
    case 'sinceImagePulled':
      return images.filter((image) => Math.max(image.pulledAt ?? 0, image.pushedAt) < since);
    case 'sinceImageTransitioned':
      // Nothing is ever archived here.
      return [];
  }
}

function youngestFirst(a: ImageFacts, b: ImageFacts): number {
  if (a.pushedAt !== b.pushedAt) return b.pushedAt - a.pushedAt;
  return a.digest < b.digest ? -1 : 1;
}

/** What goes with the images that expire: what hangs on them, and what hangs on that. */
function withAttached(
  expired: readonly Expiry[],
  attached: ReadonlyMap<string, readonly ImageFacts[]>,
): readonly Expiry[] {
  const all = [...expired];
  // Grows while it is walked; a subject is named by its digest, so there are no circles.
  for (const { image, priority } of all) {
    for (const each of attached.get(image.digest) ?? []) if (!each.referenced) all.push({ image: each, priority });
  }
  return all;
}

/** `rules` by priority, as `parseLifecyclePolicy` gives them. Oldest first, what is attached last. */
export function evaluateLifecycle(
  rules: readonly LifecycleRule[],
  images: readonly ImageFacts[],
  now: number,
): readonly Expiry[] {
  const held = new Set(images.map((image) => image.digest));
  const isAttached = ({ tags, subject }: ImageFacts) => tags.length === 0 && subject !== undefined && held.has(subject);
  const attached = new Map<string, ImageFacts[]>();
  for (const image of images) {
    if (!isAttached(image)) continue;
    const subject = image.subject ?? '';
    attached.set(subject, [...(attached.get(subject) ?? []), image]);
  }
  const own = images.filter((image) => !isAttached(image)).sort(youngestFirst);
  const seen = new Set<string>();
  const expired: Expiry[] = [];
  for (const rule of rules) {
    if (rule.storageClass === 'archive') continue;
    const identified = own.filter((image) => meets(rule, image));
    for (const image of overdue(rule, identified, now)) {
      if (!seen.has(image.digest) && !image.referenced) expired.push({ image, priority: rule.priority });
    }
    for (const image of identified) seen.add(image.digest);
  }
  expired.sort((a, b) => -youngestFirst(a.image, b.image));
  return withAttached(expired, attached);
}
