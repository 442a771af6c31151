/** A place in a line, to leave it by. */
export type Ticket<T> = { readonly value: T; before: Ticket<T> | null; after: Ticket<T> | null; gone: boolean };

/**
 * First come, first served, and whoever gives up leaves from where it stands; each step takes the same time however long the line is. (A Set
 * does not: its first entry is found behind all those that were deleted since it was last copied.)
 */
export class Line<T> {
  #first: Ticket<T> | null = null;
  #last: Ticket<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): Ticket<T> {
    const ticket: Ticket<T> = { value, before: this.#last, after: null, gone: false };
    if (this.#last === null) this.#first = ticket;
    else this.#last.after = ticket;
    this.#last = ticket;
    this.#size += 1;
    return ticket;
  }

  /** Takes the first one; undefined when there is none. */
  shift(): T | undefined {
    const ticket = this.#first;
    if (ticket === null) return undefined;
    this.leave(ticket);
    return ticket.value;
  }

  /** Takes one out, wherever it stands. Nothing happens when it is out already. */
  leave(ticket: Ticket<T>): void {
    if (ticket.gone) return;
    ticket.gone = true;
    if (ticket.before === null) this.#first = ticket.after;
    else ticket.before.after = ticket.after;
    if (ticket.after === null) this.#last = ticket.before;
    else ticket.after.before = ticket.before;
    this.#size -= 1;
  }
}
