import type { Group } from './cases.ts';
import type { Outcome } from './outcome.ts';

/** The tables of docs/cert-manager.md: one for each group, a row for each case. */
export function behaviourTable(groups: readonly Group[], { certManager, signet }: { readonly certManager: readonly Outcome[]; readonly signet: readonly Outcome[] }, version: string): string {
  let row = 0;
  const sections = groups.map(({ title, cases }) => {
    const rows = cases.map(({ about, differs }) => {
      const [peer, own] = [certManager[row]?.result ?? '', signet[row]?.result ?? ''];
      row += 1;
      return `| ${about} | ${peer} | ${differs === undefined ? 'the same' : `${own}: ${differs}`} |`;
    });
    return `### ${title}\n\n| request | cert-manager | Signet |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const same = groups.flatMap(({ cases }) => cases).filter(({ differs }) => differs === undefined).length;
  return `${row} requests were made to cert-manager ${version} and then to Signet; ${same} have the same answer in everything that is compared.\n\n${sections.join('\n')}`;
}
