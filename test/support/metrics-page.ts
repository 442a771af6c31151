/** The values of all series of this name whose labels hold these texts, together, on a page as Prometheus scrapes it. */
export function sumOf(page: string, name: string, ...labels: readonly string[]): number {
  const lines = page.split('\n').filter((line) => /^[^ {]+/.exec(line)?.[0] === name && labels.every((label) => line.includes(label)));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}
