// An index from a group's name to the keys in it; empty groups take no room.

export interface GroupIndex {
  add(group: string, key: string): void;
  remove(group: string, key: string): void;
  keys(group: string): Iterable<string>;
}

export function groupIndex(): GroupIndex {
  const groups = new Map<string, Set<string>>();
  return Object.freeze({
    add(group, key) {
      const keys = groups.get(group);
      if (keys) keys.add(key);
      else groups.set(group, new Set([key]));
    },
    remove(group, key) {
      const keys = groups.get(group);
      keys?.delete(key);
      if (keys?.size === 0) groups.delete(group);
    },
    keys: (group) => groups.get(group) ?? [],
  } satisfies GroupIndex);
}
