import { readdir, readFile, readlink } from 'node:fs/promises';
import { get } from 'node:http';
import { sumOf } from '../support/metrics-page.ts';

/** A process as the kernel and its own metrics page show it. */
export type Look = {
  /** MB of 1,000,000 bytes. */
  readonly rss: number;
  readonly heap: number;
  readonly sockets: number;
  /** Open files of every other kind. */
  readonly files: number;
  readonly timers: number;
  readonly pending: number;
  readonly series: number;
};

/** Looks at the process of this number, whose metrics page is at `url`. The files first: the scrape has a socket too. */
export async function look(pid: number, url: string): Promise<Look> {
  const links = await openFiles(pid);
  const sockets = links.filter((link) => link.startsWith('socket:')).length;
  const page = await metricsPage(url);
  return {
    rss: (await residentBytes(pid)) / 1e6,
    heap: sumOf(page, 'nodejs_heap_size_used_bytes') / 1e6,
    sockets,
    files: links.length - sockets,
    timers: sumOf(page, 'nodejs_active_resources', 'type="Timeout"'),
    pending: sumOf(page, 'signet_pending_requests'),
    // Types of resources come and go; every other series is for ever.
    series: page.split('\n').filter((line) => line !== '' && !/^(#|nodejs_active_resources)/.test(line)).length,
  };
}

/** On a connection of its own that is closed at once: a kept one would be counted among the sockets. */
export function metricsPage(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 20_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(`${url}: ${response.statusCode} ${body}`))));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within 20 s`)));
    request.on('error', reject);
  });
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (found === undefined) throw new Error(`no VmRSS in /proc/${pid}/status`);
  return Number(found) * 1024;
}

/** What each descriptor of the process is: `socket:[123]`, `pipe:[124]`, a path. */
async function openFiles(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map(async (fd) => readlink(`${folder}/${fd}`).catch(closedMeanwhile)));
  return links.filter((link) => link !== '');
}

function closedMeanwhile(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
