/**
 * The end of a connection, for whoever waits for an answer over it. Some npm packages leave a caller waiting for ever when the socket
 * closes at the wrong moment; drivers let their waits race against this.
 */

export class ConnectionLoss {
  readonly #waiting = new Set<(error: Error) => void>();
  #error: Error | null = null;
  #isCertain = false;

  /** True as soon as the socket has closed. */
  get isCertain(): boolean {
    return this.#isCertain;
  }

  /** To be called when the socket has closed. Those who wait hear of it from the package, if it tells them at once, and otherwise this. */
  happened(error: Error): void {
    if (this.#isCertain) return;
    this.#isCertain = true;
    setImmediate(() => this.#tell(error));
  }

  #tell(error: Error): void {
    this.#error = error;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /** True while something is waited for. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** The answer, or the loss of the connection if that comes first. */
  orAnswer<T>(answer: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error === null) this.#waiting.add(reject);
      answer.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (error: Error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
      if (this.#error !== null) reject(this.#error);
    });
  }
}
