import type { FigureName } from './figures.ts';
import type { Results, Summary } from './results.ts';

type Panel = { readonly title: string; readonly figure: FigureName; readonly scenario: string; readonly digits: number };

const PANELS: readonly Panel[] = [
  { title: 'certificates a second (more is better)', figure: 'signedPerSecond', scenario: 'a', digits: 0 },
  { title: 'CPU time for a certificate, ms (less is better)', figure: 'cpuMs', scenario: 'a', digits: 2 },
];
const [WIDTH, LABELS, VALUES, BAR, GAP, HEAD] = [760, 230, 150, 18, 10, 44];

/**
 * Two bar charts of the burst, as SVG: medians as bars, the least and the most as a line across the end. Grey and one colour on no
 * background, legible on a light page and on a dark one.
 */
export function plot(results: Results): string {
  let top = 8;
  const parts: string[] = [];
  for (const panel of PANELS) {
    const cases = results.scenarios.find(({ id }) => id === panel.scenario)?.cases ?? [];
    for (const { name, contenders } of cases) {
      const bars = contenders.filter(({ median }) => median[panel.figure] !== undefined);
      parts.push(`<text class="title" x="0" y="${top + 16}">${escape(`${name} at once: ${panel.title}`)}</text>`);
      top += HEAD - 18;
      const most = Math.max(...bars.map(({ max }) => max[panel.figure] ?? 0));
      for (const bar of bars) {
        parts.push(row(bar, panel, top, (WIDTH - LABELS - VALUES) / most));
        top += BAR + GAP;
      }
      top += 18;
    }
  }
  const { machine, date } = results;
  parts.push(`<text class="note" x="0" y="${top + 8}">${escape(`medians; the line is from the least to the most of all rounds; ${machine.cores} cores for everything, ${date.slice(0, 10)}`)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 20}" width="${WIDTH}" role="img" aria-label="certificates a second and CPU time for each, by contender">
<style>text{font:13px system-ui,sans-serif;fill:#7d8590}.title{font-weight:600}.note{font-size:11px}.other{fill:#8b949e;fill-opacity:.55}.own{fill:#2f81f7}.spread{stroke:#7d8590;stroke-width:1.5}</style>
${parts.join('\n')}
</svg>
`;
}

function row({ contender, median, min, max }: Summary, { figure, digits }: Panel, top: number, scale: number): string {
  const [value, least, most] = [median[figure] ?? 0, min[figure] ?? 0, max[figure] ?? 0];
  const middle = top + BAR / 2;
  const at = (x: number): string => (LABELS + x * scale).toFixed(1);
  return [
    `<text x="${LABELS - 10}" y="${middle + 5}" text-anchor="end">${escape(contender)}</text>`,
    `<rect class="${contender === 'signet' ? 'own' : 'other'}" x="${LABELS}" y="${top}" width="${(value * scale).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<line class="spread" x1="${at(least)}" x2="${at(most)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${Number(at(most)) + 8}" y="${middle + 5}">${value.toFixed(digits)}</text>`,
  ].join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
