/** How long the page that writes may take to give way; a frozen one never does. */
const GIVE_WAY_MS = 3000;
/** How long a page that is gone may hold it: its process ends a moment after the person has closed it. */
const GONE_MS = 1000;

/**
 * Who may write an identity's state: one page of the browser at a time (Web Locks), and another one can ask for it.
 * Where there are no locks, everybody may: in Node, one program is one page.
 */
export class WriterLock {
  private wanted: (() => void) | undefined;
  private isWanted = false;
  private release_: (() => void) | undefined;
  private readonly channel: BroadcastChannel | undefined;

  private constructor(private readonly name: string) {
    if (typeof navigator === "undefined" || !navigator.locks) return;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = () => this.tellWanted();
  }

  /** Undefined: another page has it, and keeps it. */
  static async tryTake(name: string): Promise<WriterLock | undefined> {
    const lock = new WriterLock(name);
    const isGranted = () => lock.request({ signal: AbortSignal.timeout(GONE_MS) }).catch(() => false);
    if (!lock.channel || (await lock.request({ ifAvailable: true })) || (await isGranted())) return lock;
    lock.channel.close();
    return undefined;
  }

  /** Asks the other page to give way, and takes it anyway from one that does not answer. */
  static async take(name: string): Promise<WriterLock> {
    const lock = new WriterLock(name);
    if (!lock.channel) return lock;
    lock.channel.postMessage("wanted");
    const patience = AbortSignal.timeout(GIVE_WAY_MS);
    const granted = await lock.request({ signal: patience }).catch(() => false);
    if (!granted) await lock.request({ steal: true });
    return lock;
  }

  /** Called when another page asks for it, and when it was taken away; at once, if that has happened already. */
  onWanted(listener: () => void): void {
    this.wanted = listener;
    if (this.isWanted) listener();
  }

  private tellWanted(): void {
    this.isWanted = true;
    this.wanted?.();
  }

  async release(): Promise<void> {
    this.wanted = undefined;
    this.channel?.close();
    this.release_?.();
  }

  private request(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      navigator.locks.request(this.name, options, (granted) => {
        resolve(granted !== null);
        if (granted === null) return undefined;
        return new Promise<void>((release) => (this.release_ = release));
      }).catch((error: unknown) => {
        // Before it was granted: time is up. Afterwards: somebody has stolen it.
        reject(error);
        if (this.release_) this.tellWanted();
      });
    });
  }
}
