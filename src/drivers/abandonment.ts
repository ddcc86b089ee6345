/**
 * The end of a connect that nobody waits for any more. The npm packages know no signal, and some leave their promise open for ever when the
 * socket goes while they connect; drivers of servers let their connects race against this.
 */

/**
 * The connection, unless the signal is aborted first; then what has been opened of it is destroyed, and the promise is rejected with the
 * signal's reason. Once it is settled the signal means nothing any more: it may be a caller's own, and live long.
 *
 * @param destroy closes the socket at once. Never throws; whatever becomes of the package's promise afterwards is nobody's business
 */
export function unlessAbandoned<T>(opening: Promise<T>, signal: AbortSignal | undefined, destroy: () => void): Promise<T> {
  if (signal === undefined) return opening;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      destroy();
      reject(signal.reason as Error);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
