/** The ids seen last, at most `max` of them: the one not seen for longest goes first. */
export class RecentIds {
  readonly #ids = new Set<string>();

  constructor(private readonly max: number) {}

  /** Whether it is among them; then it counts as seen now. */
  touch(id: string): boolean {
    if (!this.#ids.delete(id)) return false;
    this.#ids.add(id);
    return true;
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.max) break;
      this.#ids.delete(oldest);
    }
  }

  /** The last `count`, oldest first. */
  last(count: number): string[] {
    return [...this.#ids].slice(-count);
  }
}
