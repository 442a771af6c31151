import { Unavailable } from '../../control/errors.ts';
import { EMPTY_RECORD, type RecordHead } from '../../core/record-chain.ts';
import { ChainFile, type ChainFileOptions } from './chain-file.ts';
import { nodeDisk, type RecordDisk } from './disk.ts';

export type RecordFileOptions = Omit<ChainFileOptions, 'disk' | 'sync' | 'onTorn'> & {
  /** Whoever waits for an entry has it on the disk, or Unavailable. Otherwise it is written, and nobody waits while there is trouble. */
  readonly required: boolean;
  readonly disk?: RecordDisk;
  readonly onTorn?: (octets: number) => void;
  /** The number of the last entry that is in the file. */
  readonly onEntries?: (count: number) => void;
  /** The text says what is wrong; null: it works again. */
  readonly onTrouble?: (why: string | null) => void;
  /** An entry was given up, for want of room. */
  readonly onLost?: () => void;
  /** Until a failed file is opened again. */
  readonly retryMs?: number;
  /** How long the disk may take before it counts as trouble. */
  readonly patienceMs?: number;
  /** Entries kept in memory while the disk is away. */
  readonly room?: number;
};

type Waiting = { readonly json: string; readonly settle: ((error: Error | null) => void) | null; /** Its certificate does not leave, so it needs no line. */ refused: boolean };

const MAX_BATCH = 1_000;

/**
 * The record's file: one chain of lines, over rotations and restarts. What comes in while a write is under way makes the next write
 * (group commit), so there is never more than one. After a failure the file is opened again, as after a restart, and what is missing
 * from it is written then.
 */
export class RecordFile {
  readonly #options: Required<RecordFileOptions>;
  #queue: Waiting[] = [];
  #file: ChainFile | null = null;
  /** The last that is in the file for certain. */
  #known = EMPTY_RECORD;
  /** What the last write was to add. After a failure the file tells how much of it is there. */
  #inFlight: { readonly entries: readonly Waiting[]; readonly heads: readonly RecordHead[] } | null = null;
  #lost = 0;
  #trouble: string | null = null;
  #opened = false;
  #working: Promise<void> | null = null;
  #scheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RecordFileOptions) {
    const nothing = (): void => undefined;
    // 10,000 entries are some 10 MB.
    this.#options = { disk: nodeDisk, onTorn: nothing, onEntries: nothing, onTrouble: nothing, onLost: nothing, retryMs: 1_000, patienceMs: options.required ? 10_000 : 1_000, room: 10_000, ...options };
  }

  /** Whether it could be opened once. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Begins; returns at once. */
  open(): void {
    this.#schedule();
  }

  /** `json`: the text of an object that begins with `time` and `what`. Never waits; kept in memory while the disk is away. */
  add(json: string): void {
    this.#enqueue({ json, settle: null, refused: false });
  }

  /** Resolves when the entry is written, or at once while there is trouble. Where the record is required it rejects with Unavailable then. */
  settled(json: string): Promise<void> {
    if (this.#trouble === null) return new Promise((resolve, reject) => this.#enqueue({ json, settle: (error) => (error === null ? resolve() : reject(error)), refused: false }));
    if (this.#options.required) return Promise.reject(this.#unavailable(this.#trouble));
    this.add(json);
    return Promise.resolve();
  }

  /** The head, once all that it covers is on the disk; null while there is trouble. */
  async syncedHead(): Promise<RecordHead | null> {
    await this.#alone(async () => {
      await this.#file?.check();
      await this.#file?.sync();
    });
    return this.#trouble === null ? (this.#file?.head ?? null) : null;
  }

  /** Writes what waits, and closes; the head as of `syncedHead`. Later entries are lost. */
  async close(): Promise<RecordHead | null> {
    clearTimeout(this.#retry);
    this.#closed = true;
    await this.#alone(async () => {
      await this.#write();
      await this.#file?.sync();
    });
    const head = this.#trouble === null ? (this.#file?.head ?? null) : null;
    await this.#alone(async () => {
      await this.#file?.close();
      this.#file = null;
    });
    return head;
  }

  #enqueue(entry: Waiting): void {
    if (this.#queue.length >= this.#options.room) {
      this.#lost += 1;
      this.#options.onLost();
      entry.settle?.(this.#options.required ? this.#unavailable('too many entries wait for the disk') : null);
      return;
    }
    this.#queue.push(entry);
    this.#schedule();
  }

  /** At the end of this turn of the event loop, so that what else it brings goes into the same write. */
  #schedule(): void {
    if (this.#scheduled || this.#working !== null || this.#retry !== undefined || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#working === null && !this.#closed) void this.#alone(() => this.#write()); // Never rejects.
    });
  }

  /** One job at a time; its failure is this file's trouble, and nobody else's. */
  async #alone(job: () => Promise<void>): Promise<void> {
    while (this.#working !== null) await this.#working;
    this.#working = this.#attempt(job);
    await this.#working;
    this.#working = null;
    if (this.#queue.length > 0) this.#schedule();
  }

  async #attempt(job: () => Promise<void>): Promise<void> {
    const { patienceMs } = this.#options;
    const late = setTimeout(() => this.#setTrouble(`the disk has not answered for ${patienceMs / 1000} s`), patienceMs);
    try {
      await job();
      if (this.#file !== null) this.#setTrouble(null);
    } catch (error) {
      await this.#fail(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** One batch, so that each has the whole patience; the next is a job of its own. At the end: all that waits. */
  async #write(): Promise<void> {
    const file = this.#file ?? (await this.#openFile());
    if (this.#lost > 0) this.#queue.push({ json: JSON.stringify({ time: this.#options.now().toISOString(), what: 'lost', entries: this.#lost }), settle: null, refused: false });
    this.#lost = 0;
    do {
      const entries = this.#queue.splice(0, MAX_BATCH).filter(({ refused }) => !refused);
      if (entries.length === 0) continue;
      this.#inFlight = { entries, heads: [] };
      await file.append(entries.map(({ json }) => json), (heads) => (this.#inFlight = { entries, heads }));
      this.#inFlight = null;
      this.#written(file.head);
      for (const { settle } of entries) settle?.(null);
    } while (this.#closed && this.#queue.length > 0);
    if (file.isFull) {
      this.#file = null;
      await file.putAside();
      await this.#openFile();
    }
  }

  async #openFile(): Promise<ChainFile> {
    const { required: sync } = this.#options;
    const file = await ChainFile.open({ ...this.#options, sync }, this.#known, (head) => this.#takeBack(head));
    this.#file = file;
    this.#opened = true;
    this.#written(file.head);
    return file;
  }

  #written(head: RecordHead): void {
    this.#known = head;
    this.#options.onEntries(head.count);
  }

  /** What a failed write has left undone goes back to the front of the queue. */
  #takeBack({ count, hash }: RecordHead): void {
    if (this.#inFlight === null) return;
    const { entries, heads } = this.#inFlight;
    const written = heads.findIndex((head) => head.count === count && head.hash === hash) + 1;
    this.#queue = [...entries.slice(written), ...this.#queue].filter(({ refused }) => !refused);
    this.#inFlight = null;
  }

  async #fail(error: unknown): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#setTrouble(error instanceof Error ? error.message : String(error));
    await file?.close().catch(() => undefined); // What is wrong with it has been said.
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#schedule();
    }, this.#options.retryMs);
  }

  /** Trouble lets go of everybody who waits: with an error where the record is required, for then nothing may be issued. */
  #setTrouble(why: string | null): void {
    if ((this.#trouble === null) !== (why === null)) this.#options.onTrouble(why);
    this.#trouble = why;
    if (why === null) return;
    for (const entry of [...(this.#inFlight?.entries ?? []), ...this.#queue]) {
      if (entry.settle === null || entry.refused) continue;
      entry.refused = this.#options.required;
      entry.settle(this.#options.required ? this.#unavailable(why) : null);
    }
  }

  #unavailable(why: string): Unavailable {
    return new Unavailable(`the record ${this.#options.path} cannot be written, and nothing is issued without (audit.required): ${why}`);
  }
}
