import { hostname } from 'node:os';
import { chainLine, EMPTY_RECORD, type RecordHead } from '../../core/record-chain.ts';
import { continuation, TAIL_OCTETS } from './continuation.ts';
import type { RecordDisk, RecordHandle } from './disk.ts';

export type ChainFileOptions = {
  readonly path: string;
  readonly disk: RecordDisk;
  /** Each append is on the disk when it resolves. */
  readonly sync: boolean;
  /** Octets after which the file is put aside and a new one begun. */
  readonly maxSize: number;
  /** How many files put aside are kept; null: all. */
  readonly keep: number | null;
  readonly now: () => Date;
  readonly version: string;
  /** The unfinished last line of a killed process, of so many octets, was cut off. */
  readonly onTorn: (octets: number) => void;
};

/**
 * The file that a record is appended to, open. Not for two calls at once. After a failure of any of them it is closed and opened
 * anew, for what is in it then only reading it can tell.
 */
export class ChainFile {
  readonly #options: ChainFileOptions;
  #handle: RecordHandle;
  #head: RecordHead;
  #size: number;
  #unsynced = false;

  private constructor(options: ChainFileOptions, handle: RecordHandle, head: RecordHead, size: number) {
    this.#options = options;
    this.#handle = handle;
    this.#head = head;
    this.#size = size;
  }

  /**
   * Goes on from what is there, in this file or the newest that was put aside; `onRead` is told where that ends before anything is added.
   * `known` is the head that this process has seen on the disk: where there is less, somebody took it away, and going on from there
   * would hide that.
   */
  static async open(options: ChainFileOptions, known: RecordHead, onRead: (head: RecordHead) => void): Promise<ChainFile> {
    const handle = await options.disk.open(options.path);
    try {
      const { head, whole, torn } = continuation(await handle.tail(TAIL_OCTETS), handle.size());
      if (torn > 0) {
        await handle.truncate(whole);
        options.onTorn(torn);
      }
      const found = head.count > 0 ? head : await newestAside(options);
      const before = found.count < known.count ? known : found;
      onRead(before);
      const file = new ChainFile(options, handle, before, whole);
      await file.append([opening(before, torn, options)]);
      // Or after a power failure there might be a file without a name.
      if (options.sync && whole === 0) await options.disk.syncFolder(options.path);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get head(): RecordHead {
    return this.#head;
  }

  /** Each `json` is the text of an object that begins with `time` and `what`. `onBegin` is told the heads after each before it is tried. */
  async append(jsons: readonly string[], onBegin: (heads: readonly RecordHead[]) => void = () => undefined): Promise<void> {
    // Another process, or a log rotation that is not ours, would break the chain without a word.
    if (this.#handle.size() !== this.#size) throw new Error('something else wrote to it or cut it: each Signet needs a file of its own, which it rotates by itself');
    const heads: RecordHead[] = [];
    let text = '';
    for (const json of jsons) {
      const { line, head } = chainLine(json, heads.at(-1) ?? this.#head);
      heads.push(head);
      text += `${line}\n`;
    }
    const bytes = Buffer.from(text, 'latin1');
    onBegin(heads);
    await this.#handle.append(bytes);
    this.#unsynced = true;
    if (this.#options.sync) await this.sync();
    this.#head = heads.at(-1) ?? this.#head;
    this.#size += bytes.length;
  }

  /** Rejects when the file does not have its name any more: what is written to it then is found by nobody. */
  async check(): Promise<void> {
    if (!(await this.#handle.isAt(this.#options.path))) throw new Error('it was moved or removed while it was in use; a new one is begun');
  }

  async sync(): Promise<void> {
    if (this.#unsynced) await this.#handle.sync();
    this.#unsynced = false;
  }

  get isFull(): boolean {
    return this.#size >= this.#options.maxSize;
  }

  /** Puts the file aside, under the number of its last entry, and closes it; the record goes on in a new one. */
  async putAside(): Promise<void> {
    const { disk, path, keep } = this.#options;
    try {
      await this.sync();
    } finally {
      await this.close();
    }
    await disk.rename(path, `${path}.${String(this.#head.count).padStart(12, '0')}`);
    if (keep === null) return;
    const aside = await disk.rotated(path);
    for (const name of aside.slice(0, Math.max(0, aside.length - keep))) await disk.remove(name);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function opening({ hash }: RecordHead, torn: number, { now, version }: ChainFileOptions): string {
  return JSON.stringify({ time: now().toISOString(), what: 'opened', previous: hash, ...(torn > 0 ? { torn } : {}), host: hostname(), version });
}

async function newestAside({ disk, path }: ChainFileOptions): Promise<RecordHead> {
  const newest = (await disk.rotated(path)).at(-1);
  if (newest === undefined) return EMPTY_RECORD;
  const handle = await disk.open(newest);
  try {
    return continuation(await handle.tail(TAIL_OCTETS), handle.size()).head;
  } catch (error) {
    throw new Error(`it would go on from ${newest}, but ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await handle.close();
  }
}
