/** The last `limit` keys; the oldest makes room for the newest. */
export type Recent = {
  /** Adds a key; false when it is there already. */
  add(key: string): boolean;
  remove(key: string): void;
};

export function recent(limit: number): Recent {
  const keys = new Set<string>();
  return {
    add(key) {
      if (keys.has(key)) return false;
      keys.add(key);
      const [oldest] = keys;
      if (keys.size > limit && oldest !== undefined) keys.delete(oldest);
      return true;
    },
    remove: (key) => void keys.delete(key),
  };
}
