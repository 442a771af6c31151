const UNIT: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Octets of a size as Kubernetes writes it (`100Mi`, `1Gi`, `4096`); null for anything else. */
export function parseSize(text: string): number | null {
  const [, digits, unit = ''] = /^([1-9]\d{0,9})(Ki|Mi|Gi)?$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (UNIT[unit] ?? Number.NaN);
}
