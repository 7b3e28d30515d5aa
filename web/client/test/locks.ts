type Grant = (lock: { name: string } | null) => unknown;

interface Waiting {
  readonly grant: () => void;
  readonly refuse: (why: unknown) => void;
}

/** Web Locks as browsers have them, for the pages of one test; Node has none. Exclusive ones only. */
export class TestLocks {
  /** How often somebody did not wait for the holder. */
  steals = 0;
  private readonly held = new Map<string, { readonly lose: () => void }>();
  private readonly queues = new Map<string, Waiting[]>();

  request(name: string, options: LockOptions, use: Grant): Promise<unknown> {
    if (options.steal) {
      ++this.steals;
      this.held.get(name)?.lose();
      this.held.delete(name);
    }
    if (!this.held.has(name)) return this.hold(name, use);
    if (options.ifAvailable) return Promise.resolve(use(null));
    return new Promise((resolve, reject) => {
      const queue = this.queues.get(name) ?? [];
      this.queues.set(name, queue);
      const waiting = { grant: () => resolve(this.hold(name, use)), refuse: reject };
      queue.push(waiting);
      options.signal?.addEventListener("abort", () => {
        if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
        reject(options.signal!.reason);
      });
    });
  }

  private async hold(name: string, use: Grant): Promise<unknown> {
    let lose!: () => void;
    const lost = new Promise((_, reject) => (lose = () => reject(new DOMException("stolen", "AbortError"))));
    const holder = { lose };
    this.held.set(name, holder);
    try {
      return await Promise.race([use({ name }), lost]);
    } finally {
      if (this.held.get(name) === holder) {
        this.held.delete(name);
        this.queues.get(name)?.shift()?.grant();
      }
    }
  }
}
