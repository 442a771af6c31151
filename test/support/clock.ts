/** A clock that stands until it is moved. */
export type TestClock = {
  /** For options named `now`. */
  readonly now: () => Date;
  /** For options named `monotonic`: milliseconds since the clock was made. */
  readonly monotonic: () => number;
  readonly advance: (seconds: number) => void;
};

/** A Wednesday at noon, so that certificates of the tests are not valid by accident. */
export const NOON = new Date('2026-03-04T12:00:00.000Z');

export function testClock(start: Date = NOON): TestClock {
  let elapsed = 0;
  return {
    now: () => new Date(start.getTime() + elapsed),
    monotonic: () => elapsed,
    advance: (seconds) => {
      elapsed += seconds * 1000;
    },
  };
}

/** For certificates that others look at by their own clocks: an hour ago, and ten years from now. */
export function validNow(): { notBefore: Date; notAfter: Date } {
  const now = new Date();
  return { notBefore: after(-3600, now), notAfter: after(3650 * 24 * 3600, now) };
}

/** `seconds` after (or, negative, before) a moment. */
export function after(seconds: number, moment: Date = NOON): Date {
  return new Date(moment.getTime() + seconds * 1000);
}
